"""The migration gives every row the same value, under a unique constraint."""

from __future__ import annotations

from simulator.causes import data
from simulator.findings.case import Case
from simulator.model import Cause
from simulator.postgres.sqlstate import UNIQUE_VIOLATION

ID = "unique-by-code"
TITLE = "the migration gives every row the same value"


def explain(case: Case) -> Cause | None:
    """Django calls a default once for all rows that are there, even where it is a function such as uuid4."""
    if case.failure.sqlstate != UNIQUE_VIOLATION or not data.is_about_rows(case.root):
        return None
    column = case.new_column
    if column is None:
        return None
    said = f"{data.table_of(case.root)}.{column} is new: its values come from the migration, not from the rows"
    return Cause(ID, TITLE, "certain", (said, *data.sentences(case)))
