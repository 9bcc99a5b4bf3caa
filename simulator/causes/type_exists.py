"""A type is there already, and nothing tells whose it is."""

from __future__ import annotations

from simulator.causes import exists
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding

ID = "type-exists"
TITLE = "the type is there already"


KINDS = ("type", "enum", "domain", "range", "composite type")


def explain(situation: Situation, root: Finding) -> Cause | None:
    return exists.explain(ID, TITLE, KINDS, situation, root)
