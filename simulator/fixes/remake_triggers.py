"""Triggers, rules and policies name the column that changes: dropped before, made again after, as they were."""

from __future__ import annotations

from collections.abc import Iterable

from simulator.findings.case import Case
from simulator.fixes.route import Mend
from simulator.model import Fact
from simulator.postgres import ddl
from simulator.postgres.catalog import key
from simulator.postgres.sql import literal
from simulator.postgres.sqlstate import DEPENDENT_OBJECTS_STILL_EXIST, FEATURE_NOT_SUPPORTED
from simulator.wording import listed

ID = "remake-triggers"
TITLE = "Drop the triggers, rules and policies that use the column, migrate, and make them again"


def propose(case: Case) -> Mend | None:
    """What the project itself makes again after its migrations stays as that is."""
    if case.failure.sqlstate not in (FEATURE_NOT_SUPPORTED, DEPENDENT_OBJECTS_STILL_EXIST):
        return None
    hooks = case.hooks
    drops = tuple(text for fact in hooks if (text := ddl.drop(fact)))
    if not hooks or len(drops) < len(hooks):
        return None
    beside = case.situation.database.beside
    after = tuple(_unless_there(fact, beside.get(key(fact), ())) for fact in hooks)
    note = f"while migrate runs, {listed(fact.name for fact in hooks)} {'does' if len(hooks) == 1 else 'do'} not act"
    return Mend(ID, TITLE, (case.root.id,), clear=drops, after=after, note=note)


def _unless_there(fact: Fact, beside: Iterable[str]) -> str:
    made = (*ddl.create([fact]).statements, *beside)
    catalog, relation, name = {
        "trigger": ("pg_trigger", "tgrelid", "tgname"),
        "rule": ("pg_rewrite", "ev_class", "rulename"),
        "policy": ("pg_policy", "polrelid", "polname"),
    }[fact.kind]
    table = literal(ddl.qualified(fact.schema, fact.relation))
    run = " ".join(f"EXECUTE {literal(text)};" for text in made)
    return (
        f"DO $do$ BEGIN IF NOT EXISTS (SELECT FROM {catalog} WHERE {relation} = {table}::regclass "
        f"AND {name} = {literal(fact.name)}) THEN {run} END IF; END $do$"
    )
