"""A default that no migration made, and that the column's new type can't take over."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.fixes.recreate_missing import applied_state
from simulator.fixes.route import Mend
from simulator.model import Fact
from simulator.postgres import ddl
from simulator.postgres.catalog import Catalog
from simulator.postgres.sqlstate import DATATYPE_MISMATCH

ID = "drop-default"
TITLE = "Drop the default that no migration made, then migrate"


def propose(case: Case) -> Mend | None:
    """Of the columns that the migration changes in that table; the server names none in a field."""
    effects = case.situation.effects.get(case.migration)
    if case.failure.sqlstate != DATATYPE_MISMATCH or effects is None:
        return None
    made = applied_state(case.situation)
    columns = [
        fact for fact in sorted(effects.added) if (fact.kind, fact.relation) == ("column", case.failure.relation)
    ]
    statements = tuple(
        f"ALTER TABLE {ddl.qualified(one.schema, one.relation)} ALTER COLUMN {ddl.quote(one.name)} DROP DEFAULT"
        for one in columns
        if _default(case.situation.database.catalog, one) and not _default(made, one)
    )
    return Mend(ID, TITLE, (case.root.id,), clear=statements) if statements else None


def _default(catalog: Catalog, column: Fact) -> str:
    standing = catalog.like(column)
    return standing.definition[2] if standing else ""
