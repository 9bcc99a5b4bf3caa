"""Values do not fit the type that the migration gives their column: too long, out of range, not to be cast."""

from __future__ import annotations

from simulator.causes import data
from simulator.findings.case import Case
from simulator.model import Cause, Confidence
from simulator.postgres.sqlstate import CANNOT_COERCE, DATATYPE_MISMATCH, PROGRAM_LIMIT_EXCEEDED

ID = "value-does-not-fit"
TITLE = "values do not fit the new type"


DATA_EXCEPTION = "22"  # the class
# What a column or an index can't take: cannot_coerce, datatype_mismatch, program_limit_exceeded (an index row).
OTHERS = (CANNOT_COERCE, DATATYPE_MISMATCH, PROGRAM_LIMIT_EXCEEDED)


def explain(case: Case) -> Cause | None:
    state = case.failure.sqlstate or ""
    if not (state.startswith(DATA_EXCEPTION) or state in OTHERS) or not data.is_about_rows(case.root):
        return None
    operation = case.operation
    what = f" ({operation.text})" if operation else ""
    said = f"{case.migration} met {state}{what}"
    sure: Confidence = "certain" if case.situation.reference.complete and state not in OTHERS[:2] else "likely"
    return Cause(ID, TITLE, sure, (said, *data.sentences(case)))
