"""The database takes no writes: a standby, or a setting."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.model import Cause
from simulator.postgres.sqlstate import READ_ONLY_SQL_TRANSACTION

ID = "read-only"
TITLE = "the database is read-only"


def explain(case: Case) -> Cause | None:
    if case.failure.sqlstate != READ_ONLY_SQL_TRANSACTION:
        return None
    return Cause(ID, TITLE, "certain", ("the server refused to write: default_transaction_read_only, or a standby",))
