"""A Report in the forms people and programs read: text and JSON. Pure; knows no rules, only words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.markup import escape

from simulator.model import Dump, Failure, Finding, MigrationRun, Report, Verdict

SCHEMA = "migsim.report/1"
SCHEMA_OF_SEVERAL = "migsim.reports/1"

_STYLES = {Verdict.SAFE: "bold green", Verdict.WOULD_FAIL: "bold red", Verdict.UNKNOWN: "bold yellow"}
_WORDS = {Verdict.SAFE: "SAFE", Verdict.WOULD_FAIL: "WOULD FAIL", Verdict.UNKNOWN: "UNKNOWN"}
# Migrations slower than this get a line of their own; the rest are summed up.
SLOW_SECONDS = 0.5
WIDTH = 72


# --- JSON ----------------------------------------------------------------------------------------


def to_json(reports: Sequence[Report]) -> str:
    """One report alone, or several in an envelope."""
    if len(reports) == 1:
        return json.dumps(as_data(reports[0]), indent=1, ensure_ascii=False)
    envelope = {"schema": SCHEMA_OF_SEVERAL, "reports": [as_data(report) for report in reports]}
    return json.dumps(envelope, indent=1, ensure_ascii=False)


def as_data(report: Report) -> dict[str, Any]:
    """The report as ``migsim.report/1``; docs/report.schema.json describes it."""
    return {
        "schema": SCHEMA,
        "scenario": report.scenario,
        "verdict": report.verdict.value,
        "because": report.because or None,
        "exit_code": report.exit_code,
        "engine": report.engine,
        "tier": report.tier,
        "role": report.role,
        "started": report.started,
        "seconds": round(report.seconds, 3),
        "versions": dict(report.versions),
        "dump": _dump(report.dump, report.dump_sha256),
        "project": {
            "ref": report.project.ref,
            "commit": report.project.commit,
            "dirty": report.project.dirty,
        },
        "history": None
        if report.history is None
        else {
            "recorded": report.history.recorded,
            "pending": list(report.history.pending),
            "not_on_disk": list(report.history.not_on_disk),
            "renamed": dict(report.history.renamed),
        },
        "failure": None if report.failure is None else _failure(report.failure),
        "findings": [_finding(finding) for finding in report.findings],
        "fixes": [],
        "migrations": [_migration(run) for run in report.migrations],
        "models_read": report.models_read,
        "connections_tried": [{"kind": one.kind, "address": one.address} for one in report.attempts],
        "timings": {name: round(seconds, 3) for name, seconds in report.timings.items()},
        "warnings": list(report.warnings),
        "not_checked": list(report.not_checked),
        "leftovers": list(report.leftovers),
        "kept": report.kept or None,
        "error": None if report.error is None else {"message": report.error[0], "hint": report.error[1]},
    }


def _dump(dump: Dump | None, sha256: str | None) -> dict[str, Any] | None:
    if dump is None:
        return None
    return {
        "path": str(dump.path),
        "sha256": sha256,
        "format": dump.format,
        "compression": dump.compression,
        "taken_at": dump.taken_at.isoformat() if dump.taken_at else None,
        "dumped_from": dump.dumped_from,
        "dumped_by": dump.dumped_by,
    }


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "exception": failure.exception or None,
        "migration": failure.migration,
        "operation": failure.operation,
        "phase": failure.phase.value,
        "sqlstate": failure.sqlstate,
        "message": failure.message,
        "relation": failure.relation,
        "schema_name": failure.schema_name,
        "table_name": failure.table_name,
        "column_name": failure.column_name,
        "constraint_name": failure.constraint_name,
        "sql": failure.sql,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "root": finding.root,
        "cascade_of": finding.cascade_of,
        **_failure(finding.failure),
        "relation_kind": finding.relation_kind,
        "existing": None,
        "cause": None,
    }


def _migration(run: MigrationRun) -> dict[str, Any]:
    return {
        "name": run.name,
        "seconds": round(run.seconds, 4),
        "statements": run.statements,
        "finished": run.finished,
    }


# --- text ----------------------------------------------------------------------------------------


def to_text(report: Report) -> str:
    """The verdict as a tired person reads it, in rich's markup (colours vanish where there is no terminal)."""
    blocks = [
        _heading(report),
        _error(report),
        _why_unknown(report),
        _what_failed(report),
        _other_findings(report),
        _history(report),
        _what_safe_stands_on(report),
        _durations(report),
        _notes(report),
    ]
    return "\n\n".join(block for block in blocks if block)


def _heading(report: Report) -> str:
    style = _STYLES[report.verdict]
    title = f"{report.scenario}  {_WORDS[report.verdict]}"
    figures = f"{report.seconds:.0f} s  exit {report.exit_code}"
    padding = " " * max(2, WIDTH - len(title) - len(figures))
    lines = [
        f"[bold]{escape(report.scenario)}[/]  [{style}]{_WORDS[report.verdict]}[/]{padding}[dim]{figures}[/]",
        escape("  ".join(_facts(report))),
    ]
    if report.dump:
        lines.append(escape(_dump_line(report)))
    return "\n".join(line for line in lines if line)


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
    if dump.taken_at:
        parts.append(f"taken {dump.taken_at:%Y-%m-%d %H:%M}")
    if dump.dumped_from:
        parts.append(f"server {dump.dumped_from}")
    parts.append("all rows" if report.tier == "data" else "schema and history only")
    return ", ".join(parts)


def _error(report: Report) -> str:
    if report.error is None:
        return ""
    message, hint = report.error
    return escape(message) + (f"\n[dim]hint:[/] {escape(hint)}" if hint else "")


def _why_unknown(report: Report) -> str:
    return f"[yellow]Could not tell:[/] {escape(report.because)}" if report.because else ""


def _what_failed(report: Report) -> str:
    failure = report.failure
    if failure is None:
        return ""
    where = {
        "restore": "restoring the dump prints errors:",
        "settings": "the project's settings do not load:",
        "check": "migrate stops at the system checks:",
        "load": "migrate stops while reading the migration files:",
        "plan": "migrate stops before the first migration:",
        "record": "migrate stops at its own history table:",
        "smoke": "migrate exits 0, but the code cannot run on the result:",
        "pre_migrate": "migrate stops in a pre_migrate receiver:",
        "post_migrate": "every migration ran; migrate stops in a post_migrate receiver:",
    }.get(failure.phase.value) or _position(report, failure)
    lines = [where, *_failure_lines(failure)]
    return "\n".join(lines)


def _position(report: Report, failure: Failure) -> str:
    pending = report.history.pending if report.history else ()
    if failure.migration in pending:
        place, total = pending.index(failure.migration) + 1, len(pending)
        return f"migrate stops at the {ordinal(place)} of {total} pending migration{'s' * (total != 1)}:"
    return "migrate stops:"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th ..."""
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{({1: 'st', 2: 'nd', 3: 'rd'}).get(number % 10, 'th')}"


def _failure_lines(failure: Failure) -> list[str]:
    lines = []
    name = ", ".join(part for part in (failure.migration, failure.operation) if part)
    if name:
        lines.append(f"  [bold]{escape(name)}[/]")
    kind = failure.sqlstate or failure.exception.rpartition(".")[2]
    deferred = "  (SQL kept for the end of the migration)" if failure.phase.value == "deferred" else ""
    lines.append(f"  [red]{escape(kind)}[/]  {escape(failure.message)}{deferred}")
    if failure.relation and failure.relation not in failure.message:
        lines.append(f"  relation {escape(failure.relation)}")
    if failure.sql:
        lines.append(f"  [dim]{escape(shorten(failure.sql))}[/]")
    return lines


def _other_findings(report: Report) -> str:
    others = [one for one in report.findings if one.failure != report.failure]
    if not others:
        return ""
    lines = [f"{len(others)} more:"]
    for finding in others[:10]:
        failure = finding.failure
        place = failure.migration or failure.phase.value
        state = failure.sqlstate or failure.exception
        lines.append(escape(f"  #{finding.id} {place}  {state}  {failure.message}"))
    if len(others) > 10:
        lines.append(f"  and {len(others) - 10} others (--format json lists them all)")
    return "\n".join(lines)


def _history(report: Report) -> str:
    if report.history is None:
        return ""
    lines = []
    if report.history.pending:
        lines += _names(f"{len(report.history.pending)} pending", report.history.pending)
    if report.history.not_on_disk:
        names = [
            f"{name} (on disk as {report.history.renamed[name]})" if name in report.history.renamed else name
            for name in report.history.not_on_disk
        ]
        lines += _names("recorded, not on disk", names)
    return "\n".join(lines)


def _names(title: str, names: Sequence[str], limit: int = 12) -> list[str]:
    shown = [f"  {escape(name)}" for name in names[:limit]]
    more = [f"  and {len(names) - limit} more"] if len(names) > limit else []
    return [f"{title}:", *shown, *more]


def _what_safe_stands_on(report: Report) -> str:
    if report.verdict is not Verdict.SAFE:
        return ""
    applied = len([run for run in report.migrations if run.finished])
    did = f"{applied} migration{'s' * (applied != 1)} applied" if applied else "nothing was pending"
    return (
        f"{did}, a second migrate had nothing to do, {report.models_read} models read, 0 restore errors.\n"
        "Valid for this commit and this dump only."
    )


def _durations(report: Report) -> str:
    if not report.migrations:
        return ""
    slow = [run for run in report.migrations if run.seconds >= SLOW_SECONDS]
    rest = [run for run in report.migrations if run.seconds < SLOW_SECONDS]
    lines = [
        escape(f"  {run.seconds:7.1f} s  {run.statements:4d} statements  {run.name}")
        for run in sorted(slow, key=lambda run: -run.seconds)
    ]
    if rest:
        which = "others" if slow else f"migration{'s' * (len(rest) != 1)}"
        seconds, statements = sum(run.seconds for run in rest), sum(run.statements for run in rest)
        lines.append(f"  {seconds:7.1f} s  {statements:4d} statements  in {len(rest)} {which}")
    return "Took\n" + "\n".join(lines)


def _notes(report: Report) -> str:
    lines = [f"[yellow]Warning[/]  {escape(warning)}" for warning in report.warnings]
    for attempt in report.attempts:
        lines.append(f"[yellow]Tried[/]  a connection to {escape(attempt.address)} ({attempt.kind}): not let out")
    if report.not_checked:
        lines.append(f"[dim]Not checked  {escape('; '.join(report.not_checked))}[/]")
    lines += [f"[red]Left behind[/]  {escape(leftover)}" for leftover in report.leftovers]
    if report.kept:
        lines.append(f"Kept  {escape(report.kept)}   (migsim clean removes it)")
    return "\n".join(lines)


def shorten(sql: str, limit: int = 160) -> str:
    """One line of SQL, cut where a terminal would wrap it twice."""
    line = " ".join(sql.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
