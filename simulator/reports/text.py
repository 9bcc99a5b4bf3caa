"""A Report as a tired person reads it; knows no rules, only words."""

from __future__ import annotations

import shlex
from typing import assert_never

from simulator.model import Failure, MigrationRun, Phase, Report, Verdict
from simulator.reports import findings, fixes, hang
from simulator.reports.fixes import apart
from simulator.wording import and_more, count, duration, escape, one_line, ordinal, shorten

_STYLES = {Verdict.SAFE: "bold green", Verdict.WOULD_FAIL: "bold red", Verdict.UNKNOWN: "bold yellow"}
_WORDS = {Verdict.SAFE: "SAFE", Verdict.WOULD_FAIL: "WOULD FAIL", Verdict.UNKNOWN: "UNKNOWN"}
# Of a longer plan only what stands out is listed: migrations slower than this, and the one that stops.
MOST_LINES = 15
SLOW_SECONDS = 0.5
WIDTH = 72
HIDDEN = "…"  # in place of what is not known to be a name


def to_text(report: Report) -> list[str]:
    """The verdict as a tired person reads it: lines in rich's markup (colours vanish where there is no terminal)."""
    blocks = [
        _heading(report),
        _error(report),
        _why_unknown(report),
        _what_failed(report),
        findings.block(report),
        fixes.block(report),
        _plan(report),
        _not_on_disk(report),
        _what_safe_stands_on(report),
        _notes(report),
        _next(report),
    ]
    return [one_line(line) for line in apart(blocks)]


def _heading(report: Report) -> list[str]:
    style = _STYLES[report.verdict]
    title = f"{report.scenario}  {_WORDS[report.verdict]}"
    expected = ", as expected" if report.exit_code == 0 and report.verdict is not Verdict.SAFE else ""
    unmet = ", not as expected" if report.unmet else ""
    figures = f"{report.seconds:.0f} s  exit {report.exit_code}{expected}{unmet}"
    padding = " " * max(2, WIDTH - len(title) - len(figures))
    lines = [
        f"[bold]{escape(report.scenario)}[/]  [{style}]{_WORDS[report.verdict]}[/]{padding}[dim]{figures}[/]",
        escape("  ".join(_facts(report))),
    ]
    if report.dump:
        lines.append(escape(_dump_line(report)))
    return [line for line in lines if line]


def _facts(report: Report) -> list[str]:
    facts = []
    if report.project.commit:
        state = "changed" if report.project.dirty else "clean"
        ref = f"{report.project.ref}@" if report.project.ref else ""
        facts.append(f"{ref}{report.project.commit[:7]} ({state})")
    if django := report.versions.get("django"):
        facts.append(f"Django {django}")
    if postgres := report.versions.get("postgres"):
        facts.append(f"PostgreSQL {postgres}")
    if report.engine:
        facts.append(report.engine)
    if report.role:
        facts.append(f"role {report.role}")
    return facts


def _dump_line(report: Report) -> str:
    assert report.dump is not None
    dump = report.dump
    parts = [f"{dump.path.name}"]
    if dump.database:
        parts.append(f"database {dump.database}")
    if dump.taken_at:
        parts.append(f"taken {dump.taken_at:%Y-%m-%d %H:%M}")
    if dump.dumped_from:
        parts.append(f"server {dump.dumped_from}")
    else:
        parts.append("server not known")
    parts.append("all rows" if report.tier == "data" else "schema and history only")
    return ", ".join(parts)


def _error(report: Report) -> list[str]:
    if report.error is None:
        return []
    message, hint = report.error
    return [*map(escape, message.split("\n")), *([f"[dim]hint:[/] {escape(hint)}"] if hint else [])]


def _why_unknown(report: Report) -> list[str]:
    return [f"[yellow]Could not tell:[/] {escape(report.because)}"] if report.because else []


def _what_failed(report: Report) -> list[str]:
    failure = report.failure
    if failure is not None and failure.is_hang:
        return hang.block(report, failure)
    return [] if failure is None else [_where(report, failure), *_failure_lines(failure)]


def _where(report: Report, failure: Failure) -> str:
    match failure.phase:
        case Phase.RESTORE:
            return "restoring the dump prints errors:"
        case Phase.SETTINGS:
            return "the project's settings do not load:"
        case Phase.CHECK:
            return "migrate stops at the system checks:"
        case Phase.LOAD:
            return "migrate stops while reading the migration files:"
        case Phase.PLAN:
            return "migrate stops before the first migration:"
        case Phase.RECORD:
            return "migrate stops at its own history table:"
        case Phase.SMOKE:
            return "migrate exits 0, but the code cannot run on the result:"
        case Phase.PRE_MIGRATE:
            return "migrate stops in a pre_migrate receiver:"
        case Phase.POST_MIGRATE:
            return "every migration ran; migrate stops in a post_migrate receiver:"
        case Phase.OPERATION | Phase.DEFERRED:
            return _position(report, failure)
    assert_never(failure.phase)


def _position(report: Report, failure: Failure) -> str:
    pending = report.history.pending if report.history else ()
    if failure.migration in pending:
        place, total = pending.index(failure.migration) + 1, len(pending)
        if total == 1:
            return "migrate stops at the one pending migration:"
        return f"migrate stops at the {ordinal(place)} of {total} pending migrations:"
    return "migrate stops:"


def _failure_lines(failure: Failure) -> list[str]:
    lines = []
    where = f"in the schema {failure.in_schema}" if failure.in_schema else None
    name = ", ".join(part for part in (failure.migration, failure.operation, where) if part)
    if name:
        lines.append(f"  [bold]{escape(name)}[/]")
    kind = failure.sqlstate or failure.exception.rpartition(".")[2]
    deferred = "  (SQL kept for the end of the migration)" if failure.phase.value == "deferred" else ""
    lines.append(f"  [red]{escape(kind)}[/]  {escape(failure.message)}{deferred}")
    if failure.relation and failure.relation not in failure.message:
        lines.append(f"  relation {escape(failure.relation)}")
    if failure.sql:
        lines.append(f"  [dim]{escape(shorten(failure.sql))}[/]")
    if failure.source or failure.raised_from:
        origin = (f"at {failure.source}" if failure.source else "", f"raised from {failure.raised_from}")
        lines.append(escape("  " + ", ".join(part for part in origin[: 2 if failure.raised_from else 1] if part)))
    return lines


def _plan(report: Report) -> list[str]:
    """What was pending, and what became of each: how long it took, where it stopped, what was not reached."""
    pending = report.history.pending if report.history else ()
    ran = {run.name: run for run in report.migrations}
    names = (*pending, *(name for name in ran if name not in pending))
    if not names:
        return []
    shown = names if len(names) <= MOST_LINES else [name for name in names if _stands_out(ran.get(name))]
    width = max(map(len, shown), default=0)
    lines = [f"{len(pending)} pending:", *(escape(f"  {name:<{width}}  {_fate(ran.get(name))}") for name in shown)]
    if len(shown) < len(names):
        quick = sum(run.seconds for name, run in ran.items() if name not in shown)
        lines.append(f"  and {len(names) - len(shown)} more, {duration(quick)} together (--format json lists them)")
    return lines


def _stands_out(run: MigrationRun | None) -> bool:
    return run is not None and (run.seconds >= SLOW_SECONDS or not run.finished)


def _fate(run: MigrationRun | None) -> str:
    if run is None:
        return "not reached"
    if not run.finished:
        return f"stops after {duration(run.seconds)}" if run.seconds else "was running"
    return f"{duration(run.seconds)}, {count(run.statements, 'statement')}"


def _not_on_disk(report: Report) -> list[str]:
    if report.history is None or not report.history.not_on_disk:
        return []
    renamed, names = report.history.renamed, report.history.not_on_disk
    lines = [f"  {name}" + (f"  (on disk as {renamed[name]})" if name in renamed else "") for name in names]
    more = [f" {rest}"] if (rest := and_more(lines, MOST_LINES)) else []
    # Where the code fails they may be why; where it doesn't, they are rows that nobody reads.
    harmless = " (harmless to migrate, which passes over rows without a file)" if report.verdict is Verdict.SAFE else ""
    return [f"{len(names)} recorded, not on disk{harmless}:", *map(escape, lines[:MOST_LINES]), *more]


def _what_safe_stands_on(report: Report) -> list[str]:
    if report.verdict is not Verdict.SAFE:
        return []
    applied = len([run for run in report.migrations if run.finished])
    models = "model" if report.models_read == 1 else "models"
    did = f"{count(applied, 'migration')} applied" if applied else "nothing was pending"
    return [
        f"{did}, a second migrate had nothing to do, {report.models_read} {models} read, 0 restore errors.",
        "Valid for this commit and this dump only.",
    ]


def _next(report: Report) -> list[str]:
    """The command to type next; nothing where the error's hint or the reader says that."""
    again = report.asked or report.scenario
    if report.verdict is not Verdict.WOULD_FAIL:
        return []
    recommended = any(fix.recommended for fix in report.fixes)
    if recommended and report.failure and report.failure.in_schema:
        return [
            escape(f"Next  type the steps, then migsim run {again}   (no script is written for one of several schemas)")
        ]
    if recommended:
        return [escape(f"Next  migsim fix {again} -o fix.sh   (stops if the database has changed)")]
    return [escape(f"Next  migsim run {again}   (once that is mended)")] if report.fixes else []


def _hidden(report: Report) -> list[str]:
    """How to see what is left out of a message, where something is."""
    texts = [report.because, *(one.failure.message for one in report.findings)]
    if report.failure:
        texts += [report.failure.message, report.failure.sql or ""]
    if report.in_full:
        return [f"In full  cat {escape(shlex.quote(report.in_full))}   (rows and all; migsim clean removes it)"]
    if not any(HIDDEN in text for text in texts):
        return []
    again = escape(report.asked or report.scenario)
    return [f"Hidden   … may be a row or a secret; migsim run {again} --keep keeps the errors as they are, in a file"]


def _notes(report: Report) -> list[str]:
    lines = [f"Expected  {escape(report.unmet)}"] if report.unmet else []
    lines += [f"[yellow]Warning[/]  {escape(warning)}" for warning in report.warnings]
    for attempt in report.attempts:
        lines.append(f"[yellow]Tried[/]  a connection to {escape(attempt.address)} ({attempt.kind}): not let out")
    if report.not_checked:
        lines.append(f"[dim]Not checked  {escape('; '.join(report.not_checked))}[/]")
    lines += [f"[red]Left behind[/]  {escape(leftover)}" for leftover in report.leftovers]
    lines += _hidden(report)
    if report.kept:
        lines.append(f"Kept  {escape(report.kept)}   (migsim clean removes it)")
    return lines
