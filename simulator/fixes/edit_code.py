"""The code fails from nothing too: no step on the database mends that."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.fixes.route import Mend

ID = "edit-code"
TITLE = "Change the migrations"


def propose(case: Case) -> Mend | None:
    if case.situation.reference.complete:
        return None
    failure = case.situation.reference.failure
    at = f"{failure.migration}: " if failure and failure.migration else ""
    said = (
        f"{failure.sqlstate or failure.exception.rpartition('.')[2]} {failure.message}" if failure else "it ended early"
    )
    return Mend(ID, TITLE, (case.root.id,), person=f"change the code: from an empty database it fails too ({at}{said})")
