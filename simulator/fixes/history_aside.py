"""Move aside what is called django_migrations and is no table, and give Django a table with the same rows."""

from __future__ import annotations

from simulator.findings.situation import Situation
from simulator.fixes.history_numbers import ADD_KEY
from simulator.fixes.route import Mend
from simulator.model import Fact, Finding, Phase
from simulator.postgres import ddl

ID = "history-aside"
TITLE = "Move aside what is called django_migrations and is no table, and keep its rows"
HISTORY = "django_migrations"
COLUMNS = '"app", "name", "applied"'


def propose(situation: Situation, root: Finding) -> Mend | None:
    table = situation.database.history
    if root.failure.phase is not Phase.RECORD or table.kind in (None, "table"):
        return None
    schema = table.schema_name or "public"
    statements = list(ddl.set_aside(Fact("relation", schema, HISTORY, "", (table.kind or "", ""))))
    own = [fact for fact in situation.reference.final.of(schema, HISTORY) if fact.kind in ("relation", "column")]
    if not table.rows or not own:
        return Mend(ID, TITLE, (root.id,), history=tuple(statements))
    statements += [*ddl.create(own).statements, ADD_KEY]
    aside = ddl.qualified(ddl.ASIDE, HISTORY)
    copied = f"INSERT INTO {ddl.qualified(schema, HISTORY)} ({COLUMNS}) SELECT {COLUMNS} FROM {aside} ORDER BY 3"
    recorded = frozenset(row.name for row in table.rows)
    return Mend(ID, TITLE, (root.id,), history=(*statements, copied), recorded=recorded)
