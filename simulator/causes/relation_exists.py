"""A table, a view or a sequence is there already, and nothing tells whose it is."""

from __future__ import annotations

from simulator.causes import exists
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding

ID = "relation-exists"
TITLE = "the relation is there already"


KINDS = ("table", "partitioned table", "partition", "foreign table", "view", "sequence")


def explain(situation: Situation, root: Finding) -> Cause | None:
    return exists.explain(ID, TITLE, KINDS, situation, root)
