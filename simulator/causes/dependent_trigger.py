"""A trigger, a rule, a policy or a generated column uses the column whose type changes: PostgreSQL refuses that."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.model import Cause, Fact
from simulator.postgres.sqlstate import DEPENDENT_OBJECTS_STILL_EXIST, FEATURE_NOT_SUPPORTED

ID = "dependent-trigger"
TITLE = "a trigger, a rule, a policy or a generated column uses the column"


def explain(case: Case) -> Cause | None:
    """From nothing the code passes where what makes them comes last: a package installs its triggers after migrate."""
    if case.failure.sqlstate not in (FEATURE_NOT_SUPPORTED, DEPENDENT_OBJECTS_STILL_EXIST) or not case.in_migration:
        return None
    evidence = [f"{fact.kind} {fact.name} on {fact.relation} names it{_made(case, fact)}" for fact in case.hooks]
    evidence += [
        f"generated column {fact.name} of {fact.relation} is computed from it{_made(case, fact)}"
        for fact in case.computed_columns
    ]
    return Cause(ID, TITLE, "certain", tuple(evidence)) if evidence else None


def _made(case: Case, fact: Fact) -> str:
    reference = case.situation.reference
    made = (fact.kind, fact.relation, fact.name) in reference.makers or not reference.complete
    return "" if made else ", and no migration makes it"
