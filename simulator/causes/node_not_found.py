"""A migration that another depends on is not on disk."""

from __future__ import annotations

from simulator.causes import words
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding

ID = "node-not-found"
TITLE = "a migration that another depends on is not on disk"


def explain(situation: Situation, root: Finding) -> Cause | None:
    if not root.failure.exception.endswith("NodeNotFoundError"):
        return None
    said = [root.failure.message]
    for name, trace in sorted(situation.code.git.items()):
        app, _dot, migration = name.partition(".")
        if f"'{app}'" in root.failure.message and f"'{migration}'" in root.failure.message:
            said.append(f"{name}: {', '.join(words.history_of(trace)) or f'{trace.path} is in the repository'}")
    return Cause(ID, TITLE, "certain", tuple(said))
