"""A function, a trigger or a collation is there already, and nothing tells whose it is."""

from __future__ import annotations

from simulator.causes import exists
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding

ID = "object-exists"
TITLE = "the object is there already"


KINDS = ("function", "procedure", "aggregate", "trigger", "policy", "collation")


def explain(situation: Situation, root: Finding) -> Cause | None:
    return exists.explain(ID, TITLE, KINDS, situation, root)
