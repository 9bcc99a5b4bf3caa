"""A trigger or a policy names the column whose type changes, and PostgreSQL alters no such column."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.model import Cause
from simulator.postgres.sqlstate import DEPENDENT_OBJECTS_STILL_EXIST, FEATURE_NOT_SUPPORTED

ID = "dependent-trigger"
TITLE = "a trigger or a policy uses the column"


def explain(case: Case) -> Cause | None:
    """From nothing the code passes where what makes them comes last: a package installs its triggers after migrate."""
    if case.failure.sqlstate not in (FEATURE_NOT_SUPPORTED, DEPENDENT_OBJECTS_STILL_EXIST) or not case.in_migration:
        return None
    makers, complete = case.situation.reference.makers, case.situation.reference.complete
    evidence = []
    for fact in case.hooks:
        made = (fact.kind, fact.relation, fact.name) in makers or not complete
        evidence.append(
            f"{fact.kind} {fact.name} on {fact.relation} names it{'' if made else ', and no migration makes it'}"
        )
    return Cause(ID, TITLE, "certain", tuple(evidence)) if evidence else None
