"""An index is there already, and nothing tells whose it is."""

from __future__ import annotations

from simulator.causes import exists
from simulator.findings.case import Case
from simulator.model import Cause

ID = "index-exists"
TITLE = "the index is there already"


KINDS = ("index",)


def explain(case: Case) -> Cause | None:
    return exists.explain(ID, TITLE, KINDS, case)
