"""What no other fix has an answer to."""

from __future__ import annotations

from simulator.findings.situation import Situation
from simulator.fixes.repair import impossible
from simulator.fixes.route import Mend
from simulator.model import Finding

ID = "ask-a-person"
TITLE = "Look into it"


def propose(situation: Situation, root: Finding) -> Mend | None:
    where = root.failure.migration or root.failure.phase.value
    why = "".join(f"; {text}" for text in impossible(situation, where) if root.existing is not None)
    return Mend(ID, TITLE, (root.id,), person=f"look into {where}: {root.failure.message}{why}")
