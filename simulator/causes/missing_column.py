"""A column that the applied migrations have made is not there."""

from __future__ import annotations

from simulator.causes import facts, words
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding
from simulator.postgres.sqlstate import UNDEFINED_COLUMN

ID = "missing-column"
TITLE = "a column is missing"


def explain(situation: Situation, root: Finding) -> Cause | None:
    failure = root.failure
    if failure.sqlstate != UNDEFINED_COLUMN:
        return None
    relation, column = failure.relation or failure.table_name or "", failure.column_name or ""
    where = f"{relation}.{column}" if relation and column else column or relation or "the column"
    evidence = [f"there is no {where} in the database"]
    maker = facts.maker(situation, relation, column) if column and situation.reference.complete else None
    if maker is not None and maker not in situation.pending:
        evidence.append(f"{maker}, which is recorded as applied, makes it")
    effects = facts.effects_of(situation, root)
    if effects is not None and effects.all_there:
        evidence += words.effects(facts.name_of(root), effects)
    return Cause(ID, TITLE, "certain" if len(evidence) > 1 else "likely", tuple(evidence))
