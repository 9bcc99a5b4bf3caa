"""The code fails from nothing too: no step on the database mends that."""

from __future__ import annotations

from simulator.findings.situation import Situation
from simulator.fixes.route import Mend
from simulator.model import Finding

ID = "edit-code"
TITLE = "Change the migrations"


def propose(situation: Situation, root: Finding) -> Mend | None:
    if situation.reference.complete:
        return None
    failure = situation.reference.failure
    at = f"{failure.migration}: " if failure and failure.migration else ""
    said = (
        f"{failure.sqlstate or failure.exception.rpartition('.')[2]} {failure.message}" if failure else "it ended early"
    )
    return Mend(ID, TITLE, (root.id,), person=f"change the code: from an empty database it fails too ({at}{said})")
