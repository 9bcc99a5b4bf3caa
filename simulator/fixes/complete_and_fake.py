"""Make the pieces of a migration that are missing, then record it: what stands there is as it should be."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.fixes.repair import repaired
from simulator.fixes.route import Mend

ID = "complete-and-fake"
TITLE = "Make what the migration lacks, then record it as applied"


def propose(case: Case) -> Mend | None:
    effects = case.situation.effects.get(case.migration)
    if effects is None or effects.different or effects.all_there:
        return None
    return repaired(case, ID, TITLE)
