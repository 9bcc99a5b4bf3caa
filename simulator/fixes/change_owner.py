"""Objects that belong to another role: their owner or a superuser has to hand them over."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.fixes.route import Mend
from simulator.model import Failure
from simulator.postgres import ddl
from simulator.postgres.sql import literal
from simulator.postgres.sqlstate import INSUFFICIENT_PRIVILEGE

ID = "change-owner"
TITLE = "Hand the objects over to the project's role, or let it make them"


def propose(case: Case) -> Mend | None:
    failure = case.failure
    if failure.sqlstate != INSUFFICIENT_PRIVILEGE:
        return None
    role = case.situation.database.role
    if found := _grant(failure, role):
        what, grant = found
        person = f"have {failure.denied_owner} or a superuser let {role} {what}"
        return Mend(ID, TITLE, (case.root.id,), person=person, statement=grant)
    if not failure.relation:
        return None
    schema = failure.schema_name or "public"
    owner = case.situation.database.owners.get(f"{schema}.{failure.relation}", "its owner")
    person = f"have {owner} or a superuser hand {failure.relation} over to {role}"
    statement = f"ALTER TABLE {ddl.qualified(schema, failure.relation)} OWNER TO {ddl.quote(role)}"
    return Mend(ID, TITLE, (case.root.id,), person=person, statement=statement)


def _grant(failure: Failure, role: str) -> tuple[str, str] | None:
    """What is to be allowed, in words and as SQL; None where it is about one object."""
    denied = failure.denied or ""
    if denied.startswith("schema "):
        schema = denied.removeprefix("schema ").partition(", owned by ")[0]
        return f"create in the schema {schema}", f"GRANT CREATE ON SCHEMA {ddl.quote(schema)} TO {ddl.quote(role)}"
    if failure.denied_by_database:
        # The reader's database has another name than the copy that was looked at.
        grant = literal(f"GRANT CREATE ON DATABASE %I TO {ddl.quote(role).replace('%', '%%')}")
        own = f"DO $do$ BEGIN EXECUTE format({grant}, current_database()); END $do$"
        return "create schemas and extensions in the database", own
    return None
