"""An extension is installed already."""

from __future__ import annotations

from simulator.causes import exists
from simulator.findings.case import Case
from simulator.model import Cause

ID = "extension-exists"
TITLE = "the extension is there already"


KINDS = ("extension",)


def explain(case: Case) -> Cause | None:
    return exists.explain(ID, TITLE, KINDS, case)
