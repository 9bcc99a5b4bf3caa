"""A type, function or operator class that is not there: who runs the server has to install what brings it."""

from __future__ import annotations

from simulator.findings.situation import Situation
from simulator.fixes.install_extension import asks_for_one, lacking
from simulator.fixes.route import Mend
from simulator.model import Finding

ID = "ask-for-extension"
TITLE = "Have the server's superuser install what is missing"


def propose(situation: Situation, root: Finding) -> Mend | None:
    if not asks_for_one(root):
        return None
    what = "; ".join(lacking(situation)) or f"see which extension brings it: {root.failure.message}"
    return Mend(ID, TITLE, (root.id,), person=f"as a superuser: {what}")
