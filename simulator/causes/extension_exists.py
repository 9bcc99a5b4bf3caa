"""An extension is installed already."""

from __future__ import annotations

from simulator.causes import exists
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding

ID = "extension-exists"
TITLE = "the extension is there already"


KINDS = ("extension",)


def explain(situation: Situation, root: Finding) -> Cause | None:
    return exists.explain(ID, TITLE, KINDS, situation, root)
