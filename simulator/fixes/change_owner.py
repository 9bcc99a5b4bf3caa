"""Objects that belong to another role: their owner or a superuser has to hand them over."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.fixes.route import Mend
from simulator.model import Failure
from simulator.postgres import ddl
from simulator.postgres.sqlstate import INSUFFICIENT_PRIVILEGE

ID = "change-owner"
TITLE = "Hand the objects over to the project's role, or let it make them"


def propose(case: Case) -> Mend | None:
    failure = case.failure
    if failure.sqlstate != INSUFFICIENT_PRIVILEGE:
        return None
    if grant := _grant(failure, case.situation.database.role):
        return Mend(ID, TITLE, (case.root.id,), person=f"as {failure.denied_owner} or a superuser: {grant}")
    if not failure.relation:
        return None
    table, role = (
        ddl.qualified(failure.schema_name or "public", failure.relation),
        ddl.quote(case.situation.database.role),
    )
    owner = case.situation.database.owners.get(f"{failure.schema_name or 'public'}.{failure.relation}", "its owner")
    return Mend(ID, TITLE, (case.root.id,), person=f"as {owner} or a superuser: ALTER TABLE {table} OWNER TO {role}")


def _grant(failure: Failure, role: str) -> str | None:
    """What lets the role make something in a schema or in the database; None where it is about one object."""
    denied = failure.denied or ""
    if denied.startswith("schema "):
        schema = denied.removeprefix("schema ").partition(", owned by ")[0]
        return f"GRANT CREATE ON SCHEMA {ddl.quote(schema)} TO {ddl.quote(role)}"
    if failure.denied_by_database:
        return f"GRANT CREATE ON DATABASE … TO {ddl.quote(role)}  (the database's own name for …)"
    return None
