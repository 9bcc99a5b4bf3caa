"""Rows point to rows that are not there."""

from __future__ import annotations

from simulator.causes import data
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding
from simulator.postgres.sqlstate import FOREIGN_KEY_VIOLATION

ID = "orphan-rows"
TITLE = "rows point to nothing"


def explain(situation: Situation, root: Finding) -> Cause | None:
    failure = root.failure
    if failure.sqlstate != FOREIGN_KEY_VIOLATION or not data.is_about_rows(root):
        return None
    what = failure.constraint_name or "a foreign key"
    said = f"rows of {data.table_of(root) or 'its table'} point to rows that are not there ({what})"
    return Cause(ID, TITLE, "certain", (said, *data.sentences(situation, root)))
