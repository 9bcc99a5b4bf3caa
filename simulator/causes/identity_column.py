"""A sequence that is to be dropped is an identity column's own: a newer Django than this made the table."""

from __future__ import annotations

import re

from simulator.findings.case import Case
from simulator.model import Cause
from simulator.postgres.sqlstate import DEPENDENT_OBJECTS_STILL_EXIST

ID = "identity-column"
TITLE = "the column is an identity, as newer versions of Django make it"


_DROPS_SEQUENCE = re.compile(r"\s*DROP\s+SEQUENCE\b", re.IGNORECASE)


def explain(case: Case) -> Cause | None:
    """Django up to 4.0 numbers a column by a sequence of its own, which AlterField drops and makes again."""
    failure = case.failure
    if failure.sqlstate != DEPENDENT_OBJECTS_STILL_EXIST or not _DROPS_SEQUENCE.match(failure.sql or ""):
        return None
    operation = case.operation
    what = f" ({operation.text})" if operation else ""
    said = f"{case.migration} drops the sequence {failure.relation}{what}, and an identity column requires it"
    return Cause(ID, TITLE, "likely", (said, "from 4.1 on Django makes identity columns, before that serial ones"))
