"""Move aside what is called django_migrations and is no table, so that migrate can make its own. Pure."""

from __future__ import annotations

from simulator import ddl
from simulator.model import Fact, Finding, Phase
from simulator.route import Mend
from simulator.situation import Situation

ID = "history-aside"
TITLE = "Move aside what is called django_migrations and is no table"


def propose(situation: Situation, root: Finding) -> Mend | None:
    table = situation.table
    if root.failure.phase is not Phase.RECORD or table.kind in (None, "table"):
        return None
    fact = Fact("relation", table.schema_name or "public", "django_migrations", "", (table.kind or "", ""))
    return Mend(ID, TITLE, (root.id,), history=tuple(ddl.set_aside(fact)))
