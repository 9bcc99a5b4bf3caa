"""What the guard says: for people, for programs, and as GitHub's annotations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulator.guard.checks import Problem
from simulator.guard.judging import Judged
from simulator.wording import count, json_text, one_line

SCHEMA = "migsim.guard/1"


def to_json(judged: Judged) -> str:
    """As docs/guard.schema.json describes it."""
    base = judged.base
    document = {
        "schema": SCHEMA,
        "base": {"ref": base.ref, "commit": base.commit} if base else None,
        "problems": [_problem(one) for one in judged.problems],
        "ignored": [{**_problem(one), "reason": reason} for one, reason in judged.ignored],
        "not_checked": list(judged.not_checked),
        "exit_code": int(judged.exit_code),
    }
    return json_text(document)


def to_text(judged: Judged, fetched: str = "") -> list[str]:
    """Its lines. ``fetched``: how long ago the base was, in words."""
    return [one_line(line) for line in _lines(judged, fetched)]


def to_github(judged: Judged) -> list[str]:
    """Workflow commands, a line each, which GitHub shows beside the lines of a pull request."""
    return list(_annotations(judged))


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "id": problem.id,
        "migrations": list(problem.migrations),
        "files": [{"path": place.path, "line": place.line} for place in problem.files],
        "message": problem.message,
        "hint": problem.hint,
    }


def _lines(judged: Judged, fetched: str) -> Iterator[str]:
    yield _heading(judged, fetched)
    for problem in judged.problems:
        yield ""
        yield f"{problem.id}  {', '.join(problem.migrations)}".rstrip()
        yield f"   {problem.message}"
        for place in problem.files:
            yield f"   {place.path}:{place.line}"
        for number, part in enumerate(problem.hint.split("; ")):
            yield f"   {'hint: ' if not number else '      '}{part}"
    if judged.ignored or judged.not_checked:
        yield ""
    for problem, reason in judged.ignored:
        yield f"Ignored      {problem.id} {', '.join(problem.migrations)}" + (f" ({reason})" if reason else "")
    for note in judged.not_checked:
        yield f"Not checked  {note}"


def _heading(judged: Judged, fetched: str) -> str:
    base = judged.base
    into = "nothing to compare with"
    if base is not None:
        facts = ", ".join(filter(None, (base.commit[:7] if base.commit else "not here", base.why, fetched)))
        into = f"merging into {base.ref} ({facts})"
    looked_at = f"{count(judged.migrations, 'migration')} of {count(judged.apps, 'changed app')}"
    if judged.problems:
        return f"{count(len(judged.problems), 'problem').upper()}  {into}: {looked_at}"
    return f"{'OK' if judged.compared else 'UNKNOWN'}  {into}: {looked_at}"


def _annotations(judged: Judged) -> Iterator[str]:
    for problem in judged.problems:
        place = problem.files[0] if problem.files else None
        where = f"file={_property(place.path)},line={place.line}," if place else ""
        text = "%0A".join(map(_message, (problem.message, f"hint: {problem.hint}")))
        yield f"::error {where}title=migsim {problem.id}::{text}"
    for note in judged.not_checked:
        yield f"::warning title=migsim not checked::{_message(note)}"


def _message(text: str) -> str:
    """One line as GitHub reads the text of a workflow command (actions/toolkit, command.ts)."""
    return one_line(text).replace("%", "%25")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
