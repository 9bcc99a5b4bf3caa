"""What the guard says: for people, for programs, and as GitHub's annotations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from simulator.guard.checks import Problem
from simulator.guard.judging import Judged
from simulator.wording import count, one_line

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
    return json.dumps(document, indent=1, ensure_ascii=False)


def to_text(judged: Judged, fetched: str = "") -> str:
    """``fetched``: how long ago the base was, in words."""
    return "\n".join(map(one_line, _lines(judged, fetched)))


def to_github(judged: Judged) -> str:
    """Workflow commands, which GitHub shows beside the lines of a pull request."""
    return "\n".join(_annotations(judged))


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
        text = _message(f"{problem.message}\nhint: {problem.hint}")
        yield f"::error {where}title=migsim {problem.id}::{text}"
    for note in judged.not_checked:
        yield f"::warning title=migsim not checked::{_message(note)}"


def _message(text: str) -> str:
    """As GitHub reads the text of a workflow command (actions/toolkit, command.ts); its own line ends are kept."""
    shown = "\n".join(map(one_line, text.split("\n")))
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
