"""What the project looks for is in a schema that it does not look in."""

from __future__ import annotations

from simulator.causes import words
from simulator.findings.case import Case
from simulator.findings.situation import Situation
from simulator.model import Cause, Fact
from simulator.postgres.sqlstate import INVALID_SCHEMA_NAME, UNDEFINED_TABLE
from simulator.wording import count, listed

ID = "search-path"
TITLE = "the search path leads elsewhere"


def explain(case: Case) -> Cause | None:
    if case.failure.sqlstate == INVALID_SCHEMA_NAME:
        return Cause(ID, TITLE, "likely", ("no schema of the search path is there to make things in",))
    if case.code_fails:
        return None
    return _split_history(case) or _table_elsewhere(case)


def _split_history(case: Case) -> Cause | None:
    """No history where the project looks, and one elsewhere."""
    table = case.situation.database.history
    if table.rows or not table.elsewhere or not case.collides:
        return None
    here = f"django_migrations in {table.schema_name} has no row" if table.kind else "there is no django_migrations"
    evidence = [f"{here} where the project looks; there is one in {listed(table.elsewhere)}"]
    return Cause(ID, TITLE, "likely", (*evidence, *words.standing(case.root)))


def _table_elsewhere(case: Case) -> Cause | None:
    """The table that is missing stands in another schema, and with it whatever else of the app's is missing."""
    relation = case.failure.relation
    if case.failure.sqlstate != UNDEFINED_TABLE or not relation or not case.situation.reference.complete:
        return None
    lacking = [fact for fact in _tables(case.situation) if case.situation.database.catalog.like(fact) is None]
    schemas = [
        {
            fact.schema
            for fact in case.situation.database.catalog.facts
            if fact.kind == "relation" and fact.relation == one.relation
        }
        for one in lacking
    ]
    common = set.intersection(*schemas) if schemas else set()
    if relation not in {fact.relation for fact in lacking} or len(lacking) < 2 or not common:
        return None
    where = sorted(common)[0]
    said = f"{count(len(lacking), 'table')} that the project looks for in vain are in the schema {where}"
    return Cause(ID, TITLE, "likely", (said, f"{where}.{relation} is there"))


def _tables(situation: Situation) -> list[Fact]:
    """What the applied migrations have made, by the reference."""
    pending = set(situation.pending)
    made = {
        fact: situation.maker(fact.relation)
        for fact in sorted(situation.reference.final.facts)
        if fact.kind == "relation" and fact.definition[0] == "table"
    }
    return [fact for fact, maker in made.items() if maker is not None and maker not in pending]
