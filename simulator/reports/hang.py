"""What was still running when the time was over: where, for how long, for whom it waits, and what to look at."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.model import Failure, Phase, Report
from simulator.wording import duration, escape, shorten

_HEADLINES = {
    Phase.SETTINGS: "the project's settings and apps had not loaded when the time was over:",
    Phase.CHECK: "migrate was still at its system checks when the time was over:",
    Phase.LOAD: "migrate was still reading the migration files when the time was over:",
    Phase.PRE_MIGRATE: "migrate was still in a pre_migrate receiver when the time was over:",
    Phase.POST_MIGRATE: "every migration ran; migrate was still in a post_migrate receiver when the time was over:",
    Phase.SMOKE: "migrate exits 0; what is looked at after it was still running when the time was over:",
}


def block(report: Report, failure: Failure) -> list[str]:
    """The lines of a failure that is a hang."""
    return [
        _HEADLINES.get(failure.phase, "migrate was still running when the time was over:"),
        *_lines(report, failure),
    ]


def _lines(report: Report, failure: Failure) -> Iterator[str]:
    name = ", ".join(part for part in (failure.migration, failure.operation) if part)
    if name:
        yield f"  [bold]{escape(name)}[/]"
    what = "in this statement" if failure.sql else "there"
    yield f"  [red]{failure.exception}[/]  {duration(failure.seconds or 0)} {what}; {escape(failure.message)}"
    if failure.sql:
        yield f"  [dim]{escape(shorten(failure.sql))}[/]"
    yield f"  {escape(f'waits for {failure.waits_for}' if failure.waits_for else _waits_for_nobody(failure))}"
    yield f"[dim]hint:[/] {escape(_hint(report, failure))}"


def _waits_for_nobody(failure: Failure) -> str:
    return (
        "waits for no lock: it is slow"
        if failure.sql
        else "no statement was running: its Python code is slow, or waits"
    )


def _hint(report: Report, failure: Failure) -> str:
    if failure.waits_for and "of the project's own" in failure.waits_for:
        return (
            "no longer rehearse.timeout helps: the code waits for a lock that a connection of its own holds; have it "
            "use one connection (schema_editor.connection), or end the other's transaction first"
        )
    longer = f"set a longer rehearse.timeout in {report.scenario}"
    if failure.waits_for:
        return f"{longer}, and see who holds that lock"
    if failure.sql:
        return f"{longer}, or look at the statement's plan (EXPLAIN) and at how many rows it goes through"
    return f"{longer}, or look at that line: a loop that does not end, a wait for something that is not there"
