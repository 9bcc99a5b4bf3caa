"""What no other fix has an answer to. Pure."""

from __future__ import annotations

from simulator.model import Finding
from simulator.route import Mend
from simulator.situation import Situation

ID = "ask-a-person"
TITLE = "Look into it"


def propose(situation: Situation, root: Finding) -> Mend | None:
    where = root.failure.migration or root.failure.phase.value
    return Mend(ID, TITLE, (root.id,), person=f"look into {where}: {root.failure.message}")
