"""A schema is there already."""

from __future__ import annotations

from simulator.causes import exists
from simulator.findings.case import Case
from simulator.model import Cause

ID = "schema-exists"
TITLE = "the schema is there already"


KINDS = ("schema",)


def explain(case: Case) -> Cause | None:
    return exists.explain(ID, TITLE, KINDS, case)
