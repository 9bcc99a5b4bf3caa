"""What holds the name is not what the migration makes, or stands where another kind should."""

from __future__ import annotations

from simulator.causes import words
from simulator.findings.case import Case
from simulator.model import Cause, Shape
from simulator.postgres.sqlstate import FEATURE_NOT_SUPPORTED, WRONG_OBJECT_TYPE

ID = "other-kind"
TITLE = "something of another kind holds the name"


# What is refused of a relation because of its kind (PostgreSQL manual, appendix A).
WRONG_KIND = (WRONG_OBJECT_TYPE, FEATURE_NOT_SUPPORTED)


def explain(case: Case) -> Cause | None:
    standing = case.root.existing
    if standing is not None and standing.shape is Shape.OTHER_KIND and standing.differences:
        return Cause(ID, TITLE, "certain", tuple(words.differences(case.root)))
    if case.failure.sqlstate in WRONG_KIND:
        return _stands_for(case)
    return None


def _stands_for(case: Case) -> Cause | None:
    """A view, say, where the code has had a table."""
    relation = case.failure.relation or case.failure.table_name
    if relation is None or not case.situation.reference.complete:
        return None
    for fact in case.situation.database.catalog:
        meant = case.situation.reference.final.like(fact)
        of_it = fact.kind == "relation" and fact.relation == relation
        if of_it and meant is not None and meant.definition[0] != fact.definition[0]:
            said = f"{fact.schema}.{relation} is a {fact.definition[0]}, the code makes a {meant.definition[0]}"
            return Cause(ID, TITLE, "certain", (said,))
    return None
