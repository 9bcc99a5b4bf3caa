"""Rows hold the same values, or conflicting ones, where the migration allows none."""

from __future__ import annotations

from simulator.causes import data
from simulator.findings.case import Case
from simulator.model import Cause
from simulator.postgres.sqlstate import EXCLUSION_VIOLATION, UNIQUE_VIOLATION

ID = "duplicate-values"
TITLE = "rows are there twice"


STATES = (UNIQUE_VIOLATION, EXCLUSION_VIOLATION)  # unique_violation, exclusion_violation


def explain(case: Case) -> Cause | None:
    failure = case.failure
    if failure.sqlstate not in STATES or not data.is_about_rows(case.root):
        return None
    what = (
        f"{failure.constraint_name} of {data.table_of(case.root)}" if failure.constraint_name else "a unique constraint"
    )
    said = f"rows break {what}"
    return Cause(ID, TITLE, "certain", (said, *data.sentences(case)))
