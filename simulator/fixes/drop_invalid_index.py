"""Drop an INVALID index that a concurrent build left, and have migrate build it."""

from __future__ import annotations

from simulator.findings.situation import Situation
from simulator.fixes.collision import holders
from simulator.fixes.route import Mend
from simulator.model import Finding
from simulator.postgres import ddl

ID = "drop-invalid-index"
TITLE = "Drop the INVALID index and let migrate build it"


def propose(situation: Situation, root: Finding) -> Mend | None:
    if root.existing is None or root.existing.valid:
        return None
    statements = [ddl.drop(fact) for fact in holders(situation, root) if "INVALID" in fact.definition]
    return Mend(ID, TITLE, (root.id,), clear=tuple(filter(None, statements)))
