"""A function, a trigger or a collation is there already, and nothing tells whose it is."""

from __future__ import annotations

from simulator.causes import exists
from simulator.findings.case import Case
from simulator.model import Cause

ID = "object-exists"
TITLE = "the object is there already"


KINDS = ("function", "procedure", "aggregate", "trigger", "rule", "policy", "collation")


def explain(case: Case) -> Cause | None:
    return exists.explain(ID, TITLE, KINDS, case)
