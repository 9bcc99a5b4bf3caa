"""A schema is there already."""

from __future__ import annotations

from simulator.causes import exists
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding

ID = "schema-exists"
TITLE = "the schema is there already"


KINDS = ("schema",)


def explain(situation: Situation, root: Finding) -> Cause | None:
    return exists.explain(ID, TITLE, KINDS, situation, root)
