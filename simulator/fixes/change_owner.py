"""Objects that belong to another role: their owner or a superuser has to hand them over. Pure."""

from __future__ import annotations

from simulator import ddl
from simulator.model import Finding
from simulator.route import Mend
from simulator.situation import Situation

ID = "change-owner"
TITLE = "Hand the objects over to the project's role"


def propose(situation: Situation, root: Finding) -> Mend | None:
    failure = root.failure
    if failure.sqlstate != "42501" or not failure.relation:
        return None
    table, role = ddl.qualified(failure.schema_name or "public", failure.relation), ddl.quote(situation.role)
    owner = situation.owners.get(f"{failure.schema_name or 'public'}.{failure.relation}", "its owner")
    return Mend(ID, TITLE, (root.id,), person=f"as {owner} or a superuser: ALTER TABLE {table} OWNER TO {role}")
