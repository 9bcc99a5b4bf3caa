"""Alter what stands there to what the migration would have made, then record it. Nothing is dropped."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.fixes.repair import repaired
from simulator.fixes.route import Mend

ID = "alter-and-fake"
TITLE = "Alter what is there to match the migration, then record it as applied"


def propose(case: Case) -> Mend | None:
    effects = case.situation.effects.get(case.migration)
    if effects is None or not effects.different:
        return None
    return repaired(case, ID, TITLE)
