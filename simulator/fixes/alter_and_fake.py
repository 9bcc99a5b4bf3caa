"""Alter what stands there to what the migration would have made, then record it. Nothing is dropped."""

from __future__ import annotations

from simulator.findings.situation import Situation
from simulator.fixes.repair import repaired
from simulator.fixes.route import Mend
from simulator.model import Finding

ID = "alter-and-fake"
TITLE = "Alter what is there to match the migration, then record it as applied"


def propose(situation: Situation, root: Finding) -> Mend | None:
    effects = situation.effects.get(root.failure.migration or "")
    if effects is None or not effects.different:
        return None
    return repaired(situation, root, ID, TITLE)
