"""A column that the applied migrations have made is not there."""

from __future__ import annotations

from simulator.causes import words
from simulator.findings.case import Case
from simulator.model import Cause
from simulator.postgres.sqlstate import UNDEFINED_COLUMN

ID = "missing-column"
TITLE = "a column is missing"


def explain(case: Case) -> Cause | None:
    failure = case.failure
    if failure.sqlstate != UNDEFINED_COLUMN:
        return None
    relation, column = failure.relation or failure.table_name or "", failure.column_name or ""
    where = f"{relation}.{column}" if relation and column else column or relation or "the column"
    evidence = [f"there is no {where} in the database"]
    maker = case.situation.maker(relation, column) if column and case.situation.reference.complete else None
    if maker in case.situation.history.applied:
        evidence.append(f"{maker}, which is recorded as applied, makes it")
    effects = case.effects
    if effects is not None and effects.all_there:
        evidence += words.effects(case.migration, effects)
    return Cause(ID, TITLE, "certain" if len(evidence) > 1 else "likely", tuple(evidence))
