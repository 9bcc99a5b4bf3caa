"""Values do not fit the type that the migration gives their column: too long, out of range, not to be cast."""

from __future__ import annotations

from simulator.causes import data, facts
from simulator.findings.situation import Situation
from simulator.model import Cause, Confidence, Finding
from simulator.postgres.sqlstate import CANNOT_COERCE, DATATYPE_MISMATCH, PROGRAM_LIMIT_EXCEEDED

ID = "value-does-not-fit"
TITLE = "values do not fit the new type"


DATA_EXCEPTION = "22"  # the class
# What a column or an index can't take: cannot_coerce, datatype_mismatch, program_limit_exceeded (an index row).
OTHERS = (CANNOT_COERCE, DATATYPE_MISMATCH, PROGRAM_LIMIT_EXCEEDED)


def explain(situation: Situation, root: Finding) -> Cause | None:
    state = root.failure.sqlstate or ""
    if not (state.startswith(DATA_EXCEPTION) or state in OTHERS) or not data.is_about_rows(root):
        return None
    operation = facts.operation_of(situation, root)
    what = f" ({operation.text})" if operation else ""
    said = f"{facts.name_of(root)} met {state}{what}"
    sure: Confidence = "certain" if situation.reference.complete and state not in OTHERS[:2] else "likely"
    return Cause(ID, TITLE, sure, (said, *data.sentences(situation, root)))
