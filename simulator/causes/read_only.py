"""The database takes no writes: a standby, or a setting. Pure."""

from __future__ import annotations

from simulator.findings.situation import Situation
from simulator.model import Cause, Finding

ID = "read-only"
TITLE = "the database is read-only"


READ_ONLY = "25006"  # PostgreSQL manual, appendix A: read_only_sql_transaction


def explain(_situation: Situation, root: Finding) -> Cause | None:
    if root.failure.sqlstate != READ_ONLY:
        return None
    return Cause(ID, TITLE, "certain", ("the server refused to write: default_transaction_read_only, or a standby",))
