"""Rows break a check that the migration adds."""

from __future__ import annotations

from simulator.causes import data
from simulator.findings.case import Case
from simulator.model import Cause
from simulator.postgres.sqlstate import CHECK_VIOLATION

ID = "check-violated"
TITLE = "rows break a check"


def explain(case: Case) -> Cause | None:
    failure = case.failure
    if failure.sqlstate != CHECK_VIOLATION or not data.is_about_rows(case.root):
        return None
    said = f"rows of {data.table_of(case.root) or 'its table'} break {failure.constraint_name or 'a check'}"
    return Cause(ID, TITLE, "certain", (said, *data.sentences(case)))
