"""Drop the tables and columns that are in the way, and migrate: tried to say what it would cost."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.findings.situation import Situation
from simulator.model import Fix, Step
from simulator.postgres import ddl

ID = "drop-and-migrate"
TITLE = "Drop what is in the way, then migrate"


def propose(situation: Situation, options: tuple[str, ...]) -> Fix | None:
    """Where rows are at stake; what holds none is dropped by other fixes."""
    facts = [fact for root in situation.roots for fact in Case(situation, root).holders]
    tables = list(dict.fromkeys(fact for fact in facts if fact.kind == "relation" and fact.definition[0] == "table"))
    if not any(situation.database.rows.get(f"{fact.schema}.{fact.relation}") for fact in tables):
        return None
    names = ", ".join(ddl.qualified(fact.schema, fact.relation) for fact in tables)
    gone = {(fact.schema, fact.relation) for fact in tables}
    columns = [
        f"ALTER TABLE {ddl.qualified(fact.schema, fact.relation)} DROP COLUMN {ddl.quote(fact.name)}"
        for fact in dict.fromkeys(facts)
        if fact.kind == "column" and (fact.schema, fact.relation) not in gone
    ]
    sql = ";\n".join([f"DROP TABLE {names} CASCADE", *columns])
    title = f"drop {', '.join(fact.relation for fact in tables)}, then migrate"
    steps = (Step(sql=sql), Step(manage=("migrate", *options)))
    return Fix(ID, title, steps, mends=tuple(root.id for root in situation.roots))
