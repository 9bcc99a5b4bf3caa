"""The role may not do it: what it would change belongs to another."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.model import Cause
from simulator.postgres.sqlstate import INSUFFICIENT_PRIVILEGE

ID = "ownership"
TITLE = "the role may not do that"


def explain(case: Case) -> Cause | None:
    failure = case.failure
    if failure.sqlstate != INSUFFICIENT_PRIVILEGE:
        return None
    relation = failure.relation or failure.table_name
    owner = next(
        (owner for place, owner in case.situation.database.owners.items() if place.partition(".")[2] == relation), None
    )
    evidence = [failure.denied] if failure.denied else []
    if owner is not None and not failure.denied:
        evidence.append(f"{relation} belongs to {owner}")
    evidence.append(f"migrate runs as {case.situation.database.role or 'the project role'}")
    name = case.migration
    sure = owner is not None and owner != case.situation.database.role
    return Cause(ID, TITLE, "certain" if sure else "likely", (*evidence, *([f"in {name}"] if name else [])))
