"""A constraint or an index that the applied migrations have made is not there."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.findings.case import Case
from simulator.findings.situation import Situation
from simulator.model import Cause
from simulator.postgres.sqlstate import INVALID_FOREIGN_KEY, UNDEFINED_OBJECT, UNDEFINED_TABLE

ID = "missing-constraint"
TITLE = "a constraint or an index is missing"


# Operations that look the constraint or index up in the database, by its columns.
LOOKED_UP = ("AlterUniqueTogether", "AlterIndexTogether", "RenameIndex", "AlterField", "RemoveField")


def explain(case: Case) -> Cause | None:
    failure, operation = case.failure, case.operation
    relation = failure.table_name or failure.relation or (operation.table if operation else None) or "the table"
    if failure.sqlstate == INVALID_FOREIGN_KEY:
        return Cause(ID, TITLE, "likely", tuple(_keys(case)) or (failure.message,))
    if failure.sqlstate == UNDEFINED_OBJECT and failure.constraint_name:
        return _named(case.situation, relation, failure.constraint_name)
    if failure.sqlstate == UNDEFINED_TABLE and failure.relation:
        return _index(case.situation, failure.relation)
    looks = operation is not None and operation.kind in LOOKED_UP and failure.sqlstate is None
    if looks and failure.exception.endswith("ValueError") and case.situation.reference.complete:
        said = f"{case.migration} looks for a constraint or an index by its columns: {failure.message}"
        return Cause(ID, TITLE, "likely", (said, "from an empty database it finds one"))
    return None


def _keys(case: Case) -> Iterator[str]:
    """Of the tables that the migration's foreign keys point to, those that lack a key which the code gives them."""
    effects, final = case.effects, case.situation.reference.final
    pointed = {table.relation for fact in (effects.added if effects else ()) if (table := final.referred_by(fact))}
    for fact in final:
        key = fact.kind == "constraint" and fact.definition[0] in ("primary key", "unique")
        if key and fact.relation in pointed and case.situation.database.catalog.like(fact) is None:
            yield f"{fact.relation} has no {fact.definition[1]}, which a foreign key needs"


def _named(situation: Situation, relation: str, constraint: str) -> Cause:
    evidence = [f"{relation} has no constraint {constraint}"]
    maker = situation.maker(relation, constraint=constraint) if situation.reference.complete else None
    if maker is not None and maker not in situation.pending:
        evidence.append(f"{maker}, which is recorded as applied, makes it")
    return Cause(ID, TITLE, "certain" if len(evidence) > 1 else "likely", tuple(evidence))


def _index(situation: Situation, name: str) -> Cause | None:
    """Where the code, from nothing, makes an index of that name."""
    makers = situation.reference.makers if situation.reference.complete else {}
    for (kind, relation, own), other in makers.items():
        if kind == "index" and own == name:
            made = "is still pending" if other in situation.pending else "is recorded as applied"
            return Cause(ID, TITLE, "certain", (f"{relation} has no index {name}", f"{other}, which {made}, makes it"))
    return None
