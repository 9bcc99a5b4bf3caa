"""The project's table of tenants names a schema that is not there."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.model import Cause

ID = "tenant-schema-gone"
TITLE = "a tenant's schema is gone"


def explain(case: Case) -> Cause | None:
    """migrate goes to it, and finds no schema to work in."""
    schema = case.failure.in_schema
    if schema is None or any(fact.schema == schema for fact in case.situation.database.catalog):
        return None
    evidence = (
        f"migrate goes to the schema {schema}, for a row of the project's table of tenants names it",
        f"there is no schema {schema} in the database",
    )
    return Cause(ID, TITLE, "certain", evidence)
