"""Rows hold the same values, or conflicting ones, where the migration allows none. Pure."""

from __future__ import annotations

from simulator.causes import data
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding

ID = "duplicate-values"
TITLE = "rows are there twice"


STATES = ("23505", "23P01")  # unique_violation, exclusion_violation


def explain(situation: Situation, root: Finding) -> Cause | None:
    failure = root.failure
    if failure.sqlstate not in STATES or not data.is_about_rows(root):
        return None
    what = f"{failure.constraint_name} of {data.table_of(root)}" if failure.constraint_name else "a unique constraint"
    said = f"rows break {what}"
    return Cause(ID, TITLE, "certain", (said, *data.sentences(situation, root)))
