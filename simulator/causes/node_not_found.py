"""A migration that another depends on is not on disk."""

from __future__ import annotations

from simulator.causes import words
from simulator.findings.case import Case
from simulator.model import Cause

ID = "node-not-found"
TITLE = "a migration that another depends on is not on disk"


def explain(case: Case) -> Cause | None:
    if not case.failure.exception.endswith("NodeNotFoundError"):
        return None
    said = [case.failure.message]
    for name, trace in sorted(case.situation.code.git.items()):
        app, _dot, migration = name.partition(".")
        if f"'{app}'" in case.failure.message and f"'{migration}'" in case.failure.message:
            said.append(f"{name}: {', '.join(words.history_of(trace)) or f'{trace.path} is in the repository'}")
    return Cause(ID, TITLE, "certain", tuple(said))
