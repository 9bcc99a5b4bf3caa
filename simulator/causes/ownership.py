"""The role may not do it: what it would change belongs to another."""

from __future__ import annotations

from simulator.causes import facts
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding
from simulator.postgres.sqlstate import INSUFFICIENT_PRIVILEGE

ID = "ownership"
TITLE = "the role may not do that"


def explain(situation: Situation, root: Finding) -> Cause | None:
    failure = root.failure
    if failure.sqlstate != INSUFFICIENT_PRIVILEGE:
        return None
    relation = failure.relation or failure.table_name
    owner = next(
        (owner for place, owner in situation.database.owners.items() if place.partition(".")[2] == relation), None
    )
    evidence = [failure.denied] if failure.denied else []
    if owner is not None and not failure.denied:
        evidence.append(f"{relation} belongs to {owner}")
    evidence.append(f"migrate runs as {situation.database.role or 'the project role'}")
    name = facts.name_of(root)
    sure = owner is not None and owner != situation.database.role
    return Cause(ID, TITLE, "certain" if sure else "likely", (*evidence, *([f"in {name}"] if name else [])))
