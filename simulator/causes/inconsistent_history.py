"""A migration is recorded, one that it depends on is not: Django refuses every command."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.model import Cause

ID = "inconsistent-history"
TITLE = "recorded before what it depends on"


def explain(case: Case) -> Cause | None:
    if not case.failure.exception.endswith("InconsistentMigrationHistory"):
        return None
    known = case.situation.recorded | set(case.situation.history.applied)
    pairs = [
        f"{name} is recorded, {parent}, which it depends on, is not"
        for name in sorted(known)
        for parent in (case.situation.code.files[name].parents if name in case.situation.code.files else ())
        if parent not in known
    ]
    return Cause(ID, TITLE, "certain", tuple(pairs[:3]) or (case.failure.message,))
