"""A schema is there already. Pure."""

from __future__ import annotations

from simulator.causes import exists
from simulator.model import Cause, Finding
from simulator.situation import Situation

ID = "schema-exists"
TITLE = "the schema is there already"


KINDS = ("schema",)


def explain(situation: Situation, root: Finding) -> Cause | None:
    return exists.explain(ID, TITLE, KINDS, situation, root)
