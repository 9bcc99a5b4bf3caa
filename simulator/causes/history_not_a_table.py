"""Something that is no table, and that Django does not see, is called django_migrations."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.model import Cause, Phase
from simulator.wording import listed

ID = "history-not-a-table"
TITLE = "django_migrations is no table"


# What Django's introspection counts as a table; a view and a partition are none to it, so it makes the table anew.
SEEN = ("table", "partitioned table", "foreign table")


def explain(case: Case) -> Cause | None:
    table, standing = case.situation.database.history, case.root.existing
    if case.failure.phase is not Phase.RECORD:
        return None
    kind, schema = table.kind, table.schema_name
    if kind is None and standing is not None and standing.name == "django_migrations":
        kind, schema = standing.kind, standing.schema_name
    if kind is None or kind in SEEN:
        return None
    where = f"{schema}.django_migrations" if schema else "django_migrations"
    evidence = [f"{where} is a {kind}, which Django does not take for its table"]
    if table.kind is not None and table.elsewhere:
        evidence.append(f"there is a django_migrations in {listed(table.elsewhere)} too")
    return Cause(ID, TITLE, "certain", tuple(evidence))
