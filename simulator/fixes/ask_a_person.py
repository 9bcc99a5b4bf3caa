"""What no other fix has an answer to."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.fixes.repair import impossible
from simulator.fixes.route import Mend

ID = "ask-a-person"
TITLE = "Look into it"


def propose(case: Case) -> Mend | None:
    where = case.failure.migration or case.failure.phase.value
    why = "".join(f"; {text}" for text in impossible(case.situation, where) if case.root.existing is not None)
    return Mend(ID, TITLE, (case.root.id,), person=f"look into {where}: {case.failure.message}{why}")
