"""A table, a view or a sequence is there already, and nothing tells whose it is."""

from __future__ import annotations

from simulator.causes import exists
from simulator.findings.case import Case
from simulator.model import Cause

ID = "relation-exists"
TITLE = "the relation is there already"


KINDS = ("table", "partitioned table", "partition", "foreign table", "view", "sequence")


def explain(case: Case) -> Cause | None:
    return exists.explain(ID, TITLE, KINDS, case)
