"""A sequence that is to be dropped is an identity column's own: a newer Django than this made the table."""

from __future__ import annotations

import re

from simulator.causes import facts
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding
from simulator.postgres.sqlstate import DEPENDENT_OBJECTS_STILL_EXIST

ID = "identity-column"
TITLE = "the column is an identity, as newer versions of Django make it"


_DROPS_SEQUENCE = re.compile(r"\s*DROP\s+SEQUENCE\b", re.IGNORECASE)


def explain(situation: Situation, root: Finding) -> Cause | None:
    """Django up to 4.0 numbers a column by a sequence of its own, which AlterField drops and makes again."""
    failure = root.failure
    if failure.sqlstate != DEPENDENT_OBJECTS_STILL_EXIST or not _DROPS_SEQUENCE.match(failure.sql or ""):
        return None
    operation = facts.operation_of(situation, root)
    what = f" ({operation.text})" if operation else ""
    said = f"{facts.name_of(root)} drops the sequence {failure.relation}{what}, and an identity column requires it"
    return Cause(ID, TITLE, "likely", (said, "from 4.1 on Django makes identity columns, before that serial ones"))
