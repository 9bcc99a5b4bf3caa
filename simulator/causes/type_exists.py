"""A type is there already, and nothing tells whose it is."""

from __future__ import annotations

from simulator.causes import exists
from simulator.findings.case import Case
from simulator.model import Cause

ID = "type-exists"
TITLE = "the type is there already"


KINDS = ("type", "enum", "domain", "range", "composite type")


def explain(case: Case) -> Cause | None:
    return exists.explain(ID, TITLE, KINDS, case)
