"""A sequence gives numbers that are in use: its rows were copied without it."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.findings.situation import Situation
from simulator.model import Cause, Finding
from simulator.postgres.sqlstate import UNIQUE_VIOLATION

ID = "sequence-behind"
TITLE = "a sequence is behind its rows"


def explain(situation: Situation, root: Finding) -> Cause | None:
    if root.failure.sqlstate != UNIQUE_VIOLATION:
        return None
    behind = tuple(sentences(situation, root))
    return Cause(ID, TITLE, "likely", behind) if behind else None  # a row may have been given its number


def sentences(situation: Situation, root: Finding) -> Iterator[str]:
    """Of the failing table's sequence, where its number is what the broken constraint is about."""
    failure = root.failure
    table, name = failure.table_name or failure.relation, failure.constraint_name or ""
    for one in situation.database.behind:
        if one.table == table and (failure.schema_name or one.schema) == one.schema:
            fact = situation.database.catalog.get("constraint", one.schema, one.table, name)
            fact = fact or situation.reference.final.get("constraint", one.schema, one.table, name)
            if fact is None or f"({one.column})" in fact.definition[1].replace('"', ""):
                yield f"the sequence of {one.schema}.{one.table}.{one.column} gives a number that a row has"
