"""A type, function or operator class that is not there: who runs the server has to install what brings it."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.fixes.install_extension import asks_for_one, lacking
from simulator.fixes.route import Mend

ID = "ask-for-extension"
TITLE = "Have the server's superuser install what is missing"


def propose(case: Case) -> Mend | None:
    if not asks_for_one(case.root):
        return None
    what = "; ".join(lacking(case.situation)) or f"see which extension brings it: {case.failure.message}"
    return Mend(ID, TITLE, (case.root.id,), person=f"as a superuser: {what}")
