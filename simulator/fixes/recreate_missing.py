"""Make again what applied migrations made and is gone: a table, a column, a constraint."""

from __future__ import annotations

from collections.abc import Iterable

from simulator.findings.case import Case
from simulator.findings.situation import Situation
from simulator.fixes.route import Mend
from simulator.postgres import ddl, shape
from simulator.postgres.catalog import Catalog
from simulator.postgres.sqlstate import ABSENT, INVALID_FOREIGN_KEY
from simulator.wording import listed

ID = "recreate-missing"
TITLE = "Make again what the applied migrations had made"


def propose(case: Case) -> Mend | None:
    """As the last applied migration that touched it left it, in the reference."""
    absent = case.failure.sqlstate in (*ABSENT, INVALID_FOREIGN_KEY, None)
    if not absent or case.root.existing is not None:
        return None
    squash = case.left_out_squash
    if squash is not None and case.situation.does_more(squash.name):
        return None  # its code would be passed over with it
    wanted = applied_state(case.situation)
    places = sorted(_with_related(_relations(case, wanted), wanted, case.situation.database.catalog))
    if any(_stands_elsewhere(place, case.situation.database.catalog) for place in places):
        return None  # an empty one beside it would hide its rows
    change = ddl.together(ddl.alter(case.situation.database.catalog, wanted, *place) for place in places)
    if change.impossible or not change.statements:
        return None
    return Mend(ID, TITLE, (case.root.id,), clear=change.statements, note=_note(case, places))


def _note(case: Case, places: Iterable[tuple[str, str]]) -> str:
    """On code that is not run for it: who is recorded is taken to have run."""
    standing, makers = case.situation.database.catalog, case.situation.reference.makers
    made = {makers.get(("relation", relation, "")) for schema, relation in places if not standing.of(schema, relation)}
    made.add(case.situation.maker(case.failure.relation or "", case.failure.column_name or ""))
    names = sorted(name for name in made if name and case.situation.does_more(name))
    if not names:
        return ""
    return f"the code of {listed(names)} is not run again: rows that it wrote into what was gone are not there"


def _stands_elsewhere(place: tuple[str, str], standing: Catalog) -> bool:
    """Whether a table of that name is missing here, and there in another schema."""
    return standing.get("relation", *place) is None and bool(standing.schemas_with(place[1]) - {ddl.ASIDE})


def applied_state(situation: Situation) -> Catalog:
    """What the applied migrations alone make: each relation as the last of them left it."""
    pending, found, last = set(situation.pending), {}, Catalog()
    for name, catalog in situation.reference.after.items():
        changed = {(fact.schema, fact.relation) for fact in catalog.facts ^ last.facts if fact.relation}
        if name not in pending:
            found.update({place: catalog.of(*place) for place in changed})
        last = catalog
    return Catalog(frozenset(fact for facts in found.values() for fact in facts))


def _with_related(places: set[tuple[str, str]], wanted: Catalog, standing: Catalog) -> set[tuple[str, str]]:
    """With the missing tables that those point to, and those whose foreign keys went with a missing table or key."""
    found = set(places)
    waiting = list(places)
    while waiting:
        for fact in wanted.of(*waiting.pop()):
            table = wanted.referred_by(fact)
            place = (table.schema, table.relation) if table else None
            if place and place not in found and standing.get("relation", *place) is None:
                found.add(place)
                waiting.append(place)
    gone = {place for place in found if _lacks_a_key(place, wanted, standing)}
    return found | {
        (fact.schema, fact.relation)
        for fact in wanted
        if (table := wanted.referred_by(fact)) and (table.schema, table.relation) in gone
        if standing.like(fact) is None and standing.get("relation", fact.schema, fact.relation)
    }


def _lacks_a_key(place: tuple[str, str], wanted: Catalog, standing: Catalog) -> bool:
    """Whether foreign keys may have gone with it: the whole table is missing, or what they need of it."""
    keys = [fact for fact in wanted.of(*place) if fact.definition[:1] in (("primary key",), ("unique",))]
    return standing.get("relation", *place) is None or bool(shape.missing(keys, standing))


def _relations(case: Case, wanted: Catalog) -> set[tuple[str, str]]:
    """The one that the failure names, and those that its migration works on or points to."""
    migration = case.migration
    names = {case.failure.relation, case.failure.table_name}
    file, effects = case.situation.code.files.get(migration), case.situation.effects.get(migration)
    names |= {operation.table for operation in file.operations} if file else set()
    names |= {table.relation for fact in (effects.added if effects else ()) if (table := wanted.referred_by(fact))}
    return {(fact.schema, fact.relation) for fact in wanted if fact.kind == "relation" and fact.relation in names}
