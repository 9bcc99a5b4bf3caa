"""Move aside what is called django_migrations and is no table, and give Django a table with the same rows."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.fixes.history_numbers import ADD_KEY
from simulator.fixes.route import Mend
from simulator.model import Fact, Phase
from simulator.postgres import ddl

ID = "history-aside"
TITLE = "Move aside what is called django_migrations and is no table, and keep its rows"
HISTORY = "django_migrations"
COLUMNS = '"app", "name", "applied"'


def propose(case: Case) -> Mend | None:
    table = case.situation.database.history
    if case.failure.phase is not Phase.RECORD or table.kind in (None, "table"):
        return None
    schema = table.schema_name or "public"
    statements = list(ddl.set_aside(Fact("relation", schema, HISTORY, "", (table.kind or "", ""))))
    own = [fact for fact in case.situation.reference.final.of(schema, HISTORY) if fact.kind in ("relation", "column")]
    if not table.rows or not own:
        return Mend(ID, TITLE, (case.root.id,), history=tuple(statements))
    statements += [*ddl.create(own).statements, ADD_KEY]
    aside = ddl.qualified(ddl.ASIDE, HISTORY)
    copied = f"INSERT INTO {ddl.qualified(schema, HISTORY)} ({COLUMNS}) SELECT {COLUMNS} FROM {aside} ORDER BY 3"
    recorded = frozenset(row.name for row in table.rows)
    return Mend(ID, TITLE, (case.root.id,), history=(*statements, copied), recorded=recorded)
