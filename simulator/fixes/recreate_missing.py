"""Make again what applied migrations made and is gone: a table, a column, a constraint. Pure."""

from __future__ import annotations

from simulator import ddl
from simulator.catalog import Catalog
from simulator.findings import ABSENT
from simulator.model import Finding
from simulator.route import Mend
from simulator.situation import Situation

ID = "recreate-missing"
TITLE = "Make again what the applied migrations had made"
NO_UNIQUE_KEY = "42830"  # a foreign key to columns without one


def propose(situation: Situation, root: Finding) -> Mend | None:
    """As the last applied migration that touched it left it, in the reference."""
    absent = root.failure.sqlstate in (*ABSENT, NO_UNIQUE_KEY, None)
    if not absent or root.existing is not None:
        return None
    wanted = applied_state(situation)
    places = sorted(_with_referring(_relations(situation, root, wanted), wanted, situation.baseline))
    change = ddl.together(ddl.alter(situation.baseline, wanted, *place) for place in places)
    if change.impossible or not change.statements:
        return None
    return Mend(ID, TITLE, (root.id,), clear=change.statements)


def applied_state(situation: Situation) -> Catalog:
    """What the applied migrations alone make: each relation as the last of them left it."""
    pending, found, last = set(situation.pending), {}, Catalog()
    for name, catalog in situation.reference.after.items():
        changed = {(fact.schema, fact.relation) for fact in catalog.facts ^ last.facts if fact.relation}
        if name not in pending:
            found.update({place: catalog.of(*place) for place in changed})
        last = catalog
    return Catalog(frozenset(fact for facts in found.values() for fact in facts))


def _with_referring(places: set[tuple[str, str]], wanted: Catalog, standing: Catalog) -> set[tuple[str, str]]:
    """With the tables whose foreign keys went when a table that is missing did."""
    gone = {place for place in places if standing.get("relation", *place) is None}
    referring = {
        (fact.schema, fact.relation)
        for fact in wanted
        if (table := wanted.referred_by(fact)) and (table.schema, table.relation) in gone and not standing.like(fact)
    }
    return places | {place for place in referring if standing.get("relation", *place)}


def _relations(situation: Situation, root: Finding, wanted: Catalog) -> set[tuple[str, str]]:
    """The one that the failure names, and those that its migration works on or points to."""
    migration = root.failure.migration or ""
    names = {root.failure.relation, root.failure.table_name}
    file, effects = situation.files.get(migration), situation.effects.get(migration)
    names |= {operation.table for operation in file.operations} if file else set()
    names |= {table.relation for fact in (effects.added if effects else ()) if (table := wanted.referred_by(fact))}
    return {(fact.schema, fact.relation) for fact in wanted if fact.kind == "relation" and fact.relation in names}
