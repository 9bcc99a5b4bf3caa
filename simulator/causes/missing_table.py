"""A table that the applied migrations have made is not there."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.findings.case import Case
from simulator.findings.situation import Situation
from simulator.model import Cause
from simulator.postgres.sqlstate import UNDEFINED_TABLE
from simulator.wording import listed

ID = "missing-table"
TITLE = "a table is missing"


def explain(case: Case) -> Cause | None:
    if case.failure.sqlstate != UNDEFINED_TABLE:
        return None
    relation = case.failure.relation or ""
    evidence = tuple(sentences(case.situation, relation))
    if not evidence:
        return Cause(ID, TITLE, "possible", (f"there is no {relation or 'such relation'}",))
    return Cause(ID, TITLE, "certain" if len(evidence) > 1 else "likely", evidence)


def sentences(situation: Situation, relation: str) -> Iterator[str]:
    """That it is not there, and which recorded migration makes it."""
    elsewhere = sorted({fact.schema for fact in situation.database.catalog if fact.relation == relation})
    if not relation:
        return
    if elsewhere:
        yield f"{relation} is only in {listed(elsewhere)}"
    else:
        yield f"there is no {relation} in the database"
    maker = situation.maker(relation) if situation.reference.complete else None
    if maker in situation.history.applied:
        yield f"{maker}, which is recorded as applied, makes it"
    elif maker in situation.pending:
        yield f"{maker} makes it, which is still pending"
