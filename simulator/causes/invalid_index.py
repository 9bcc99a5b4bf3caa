"""An index that could not be built to its end keeps its name and serves nobody."""

from __future__ import annotations

from simulator.causes import words
from simulator.findings.case import Case
from simulator.model import Cause

ID = "invalid-index"
TITLE = "an INVALID index was left behind"


def explain(case: Case) -> Cause | None:
    standing = case.root.existing
    if standing is None or standing.valid:
        return None
    left = f"{words.place(standing)} is INVALID: a concurrent build of it failed or was ended"
    return Cause(ID, TITLE, "certain", (left,))
