"""A migration is recorded, one that it depends on is not: Django refuses every command."""

from __future__ import annotations

from simulator.causes import facts
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding

ID = "inconsistent-history"
TITLE = "recorded before what it depends on"


def explain(situation: Situation, root: Finding) -> Cause | None:
    if not root.failure.exception.endswith("InconsistentMigrationHistory"):
        return None
    known = facts.recorded(situation) | set(situation.history.applied)
    pairs = [
        f"{name} is recorded, {parent}, which it depends on, is not"
        for name in sorted(known)
        for parent in (situation.code.files[name].parents if name in situation.code.files else ())
        if parent not in known
    ]
    return Cause(ID, TITLE, "certain", tuple(pairs[:3]) or (root.failure.message,))
