"""Make the pieces of a migration that are missing, then record it: what stands there is as it should be."""

from __future__ import annotations

from simulator.findings.situation import Situation
from simulator.fixes.repair import repaired
from simulator.fixes.route import Mend
from simulator.model import Finding

ID = "complete-and-fake"
TITLE = "Make what the migration lacks, then record it as applied"


def propose(situation: Situation, root: Finding) -> Mend | None:
    effects = situation.effects.get(root.failure.migration or "")
    if effects is None or effects.different or effects.all_there:
        return None
    return repaired(situation, root, ID, TITLE)
