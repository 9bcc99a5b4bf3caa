"""What the project looks for is in a schema that it does not look in."""

from __future__ import annotations

from simulator.causes import facts, words
from simulator.findings.situation import Situation
from simulator.model import Cause, Fact, Finding
from simulator.postgres.sqlstate import INVALID_SCHEMA_NAME, UNDEFINED_TABLE

ID = "search-path"
TITLE = "the search path leads elsewhere"


def explain(situation: Situation, root: Finding) -> Cause | None:
    if root.failure.sqlstate == INVALID_SCHEMA_NAME:
        return Cause(ID, TITLE, "likely", ("no schema of the search path is there to make things in",))
    if facts.code_fails(situation, root):
        return None
    return _split_history(situation, root) or _table_elsewhere(situation, root)


def _split_history(situation: Situation, root: Finding) -> Cause | None:
    """No history where the project looks, and one elsewhere."""
    table = situation.database.history
    if table.rows or not table.elsewhere or not facts.collides(root):
        return None
    here = f"django_migrations in {table.schema_name} has no row" if table.kind else "there is no django_migrations"
    evidence = [f"{here} where the project looks; there is one in {words.listed(table.elsewhere)}"]
    return Cause(ID, TITLE, "likely", (*evidence, *words.standing(root)))


def _table_elsewhere(situation: Situation, root: Finding) -> Cause | None:
    """The table that is missing stands in another schema, and with it whatever else of the app's is missing."""
    relation = root.failure.relation
    if root.failure.sqlstate != UNDEFINED_TABLE or not relation or not situation.reference.complete:
        return None
    lacking = [fact for fact in _tables(situation) if situation.database.catalog.like(fact) is None]
    schemas = [
        {
            fact.schema
            for fact in situation.database.catalog.facts
            if fact.kind == "relation" and fact.relation == one.relation
        }
        for one in lacking
    ]
    common = set.intersection(*schemas) if schemas else set()
    if relation not in {fact.relation for fact in lacking} or len(lacking) < 2 or not common:
        return None
    where = sorted(common)[0]
    said = f"{words.count(len(lacking), 'table')} that the project looks for in vain are in the schema {where}"
    return Cause(ID, TITLE, "likely", (said, f"{where}.{relation} is there"))


def _tables(situation: Situation) -> list[Fact]:
    """What the applied migrations have made, by the reference."""
    pending = set(situation.pending)
    made = {
        fact: facts.maker(situation, fact.relation)
        for fact in sorted(situation.reference.final.facts)
        if fact.kind == "relation" and fact.definition[0] == "table"
    }
    return [fact for fact, maker in made.items() if maker is not None and maker not in pending]
