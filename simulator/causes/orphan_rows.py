"""Rows point to rows that are not there."""

from __future__ import annotations

from simulator.causes import data
from simulator.findings.case import Case
from simulator.model import Cause
from simulator.postgres.sqlstate import FOREIGN_KEY_VIOLATION

ID = "orphan-rows"
TITLE = "rows point to nothing"


def explain(case: Case) -> Cause | None:
    failure = case.failure
    if failure.sqlstate != FOREIGN_KEY_VIOLATION or not data.is_about_rows(case.root):
        return None
    what = failure.constraint_name or "a foreign key"
    said = f"rows of {data.table_of(case.root) or 'its table'} point to rows that are not there ({what})"
    return Cause(ID, TITLE, "certain", (said, *data.sentences(case)))
