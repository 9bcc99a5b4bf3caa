"""Rows hold NULL where the migration allows none."""

from __future__ import annotations

from simulator.causes import data
from simulator.findings.case import Case
from simulator.model import Cause
from simulator.postgres.sqlstate import NOT_NULL_VIOLATION

ID = "null-values"
TITLE = "rows hold NULL"


def explain(case: Case) -> Cause | None:
    failure = case.failure
    if failure.sqlstate != NOT_NULL_VIOLATION or not data.is_about_rows(case.root):
        return None
    where = ".".join(part for part in (data.table_of(case.root), failure.column_name) if part) or "a column"
    new = case.new_column
    said = f"{where} is new, and rows that are there get NULL" if new else f"rows of {where} hold NULL"
    return Cause(ID, TITLE, "certain", (said, *data.sentences(case)))
