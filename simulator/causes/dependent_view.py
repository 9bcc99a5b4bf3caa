"""A view, or something else that the code does not know, depends on what the migration changes."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.findings.case import Case
from simulator.findings.situation import Situation
from simulator.model import Cause, Confidence, Fact
from simulator.postgres import ddl
from simulator.postgres.sqlstate import DEPENDENT_OBJECTS_STILL_EXIST, FEATURE_NOT_SUPPORTED

ID = "dependent-view"
TITLE = "something depends on it that the code does not know"


def explain(case: Case) -> Cause | None:
    failure = case.failure
    if failure.sqlstate not in (DEPENDENT_OBJECTS_STILL_EXIST, FEATURE_NOT_SUPPORTED) or not case.in_migration:
        return None
    views = list(_views(case))
    if not views and failure.sqlstate == FEATURE_NOT_SUPPORTED:
        return None
    evidence = [
        f"{view.definition[0]} {view.schema}.{view.relation} reads from it{_known(case.situation, view)}"
        for view in views
    ]
    sure: Confidence = "certain" if views else "possible"
    return Cause(ID, TITLE, sure, tuple(evidence) or (failure.message,))


def _known(situation: Situation, view: Fact) -> str:
    if not situation.reference.complete:
        return ""
    return ", and no migration makes it" if situation.reference.final.like(view) is None else ""


def _views(case: Case) -> Iterator[Fact]:
    """Views whose text names the table that the operation works on."""
    operation = case.operation
    tables = {case.failure.relation, case.failure.table_name, operation.table if operation else None} - {None}
    for fact in case.situation.database.catalog:
        if ddl.is_view(fact) and any(ddl.reads_from(fact, table) for table in tables if table):
            yield fact
