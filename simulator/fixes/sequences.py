"""Set sequences that are behind their rows to the highest number in use."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.fixes.route import Mend
from simulator.postgres import ddl
from simulator.postgres.sql import literal
from simulator.postgres.sqlstate import UNIQUE_VIOLATION

ID = "sequences"
TITLE = "Set the sequences that are behind their rows"


def propose(case: Case) -> Mend | None:
    """One that gives numbers in use fails on its primary key: every one that is behind, or the next would fail next."""
    tables = {one.table for one in case.situation.database.behind}
    if case.failure.sqlstate != UNIQUE_VIOLATION or case.failure.relation not in tables:
        return None
    statements = []
    for one in case.situation.database.behind:
        table, column = ddl.qualified(one.schema, one.table), ddl.quote(one.column)
        place = f"pg_get_serial_sequence({literal(table)}, {literal(one.column)})"
        statements.append(f"SELECT setval({place}, (SELECT max({column}) FROM {table}))")
    return Mend(ID, TITLE, (case.root.id,), clear=tuple(statements))
