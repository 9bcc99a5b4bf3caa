"""A sequence gives numbers that are in use: its rows were copied without it."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.findings.case import Case
from simulator.model import Cause
from simulator.postgres.sqlstate import UNIQUE_VIOLATION

ID = "sequence-behind"
TITLE = "a sequence is behind its rows"


def explain(case: Case) -> Cause | None:
    if case.failure.sqlstate != UNIQUE_VIOLATION:
        return None
    behind = tuple(sentences(case))
    return Cause(ID, TITLE, "likely", behind) if behind else None  # a row may have been given its number


def sentences(case: Case) -> Iterator[str]:
    """Of the failing table's sequence, where its number is what the broken constraint is about."""
    failure = case.failure
    table, name = failure.table_name or failure.relation, failure.constraint_name or ""
    for one in case.situation.database.behind:
        if one.table == table and (failure.schema_name or one.schema) == one.schema:
            fact = case.situation.database.catalog.get("constraint", one.schema, one.table, name)
            fact = fact or case.situation.reference.final.get("constraint", one.schema, one.table, name)
            if fact is None or f"({one.column})" in fact.definition[1].replace('"', ""):
                yield f"the sequence of {one.schema}.{one.table}.{one.column} gives a number that a row has"
