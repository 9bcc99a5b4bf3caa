"""What each migration does to a schema, read off the reference, against what stands in a database already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from simulator.findings.situation import Effects, Reference
from simulator.model import Delta, Fact, Failure
from simulator.postgres import shape
from simulator.postgres.catalog import Catalog, Key, key
from simulator.postgres.definition import alike

HISTORY = "django_migrations"


def reference_of(deltas: Iterable[Delta], failure: Failure | None) -> Reference:
    """The catalogs that a run from nothing went through."""
    catalog, after = Catalog(), {}
    for delta in deltas:
        catalog = catalog.after(delta)
        if delta.migration:
            after[delta.migration] = catalog
    return Reference(complete=failure is None, failure=failure, final=catalog, after=after)


def by_migration(deltas: Iterable[Delta]) -> dict[str, Delta]:
    """What each migration changed, of those that changed something. The history's own table is no migration's work."""
    found = {}
    for delta in deltas:
        added, removed = (
            frozenset(fact for fact in facts if fact.relation != HISTORY) for facts in (delta.added, delta.removed)
        )
        if delta.migration and (added or removed):
            found[delta.migration] = Delta(delta.migration, added, removed)
    return found


def effects(deltas: Mapping[str, Delta], pending: Iterable[str], baseline: Catalog) -> dict[str, Effects]:
    """Of every pending migration that the reference ran and that changed something there.

    A database may be at a later version of a thing than the migration made (a column that the next one widened):
    then the migration's own effect is present all the same.
    """
    versions = _versions(deltas)
    pending = tuple(pending)
    return {name: _effects(deltas[name], versions, baseline, pending) for name in pending if name in deltas}


# What each migration made of one thing, in the order they ran; None: it removed it.
_Versions = Mapping[Key, list[tuple[str, Fact | None]]]


def _versions(deltas: Mapping[str, Delta]) -> _Versions:
    found: dict[Key, list[tuple[str, Fact | None]]] = {}
    for name, delta in deltas.items():
        added = {key(fact): fact for fact in delta.added}
        for thing in {*added, *map(key, delta.removed)}:
            found.setdefault(thing, []).append((name, added.get(thing)))
    return found


def _effects(delta: Delta, versions: _Versions, baseline: Catalog, pending: Sequence[str]) -> Effects:
    name = delta.migration or ""
    present: set[Fact] = set()
    absent: set[Fact] = set()
    different: list[tuple[Fact, Fact]] = []
    gone: set[Fact] = set()
    still: set[Fact] = set()
    for wanted in delta.added:
        standing = baseline.like(wanted)
        reached = _reached(versions[key(wanted)], standing, baseline, wanted)
        if reached is None:
            assert standing is not None
            different.append((standing, wanted))
        elif _place(versions[key(wanted)], name) <= reached:
            present.add(wanted)
        else:
            absent.add(wanted)
    changed = set(map(key, delta.added))
    dropped_whole = {(fact.schema, fact.relation) for fact in delta.removed if fact.kind == "relation"}
    for dropped in delta.removed:
        if key(dropped) in changed:
            continue
        was_there = _has_relation(dropped, baseline) or (
            (dropped.schema, dropped.relation) in dropped_whole and _maker(versions[key(dropped)], name) not in pending
        )
        (gone if baseline.like(dropped) is None and was_there else still).add(dropped)
    return Effects(
        present=frozenset(present),
        different=tuple(sorted(different)),
        absent=frozenset(absent),
        gone=frozenset(gone),
        still=frozenset(still),
    )


def _reached(
    versions: list[tuple[str, Fact | None]], standing: Fact | None, baseline: Catalog, wanted: Fact
) -> int | None:
    """The last of its versions that stands; -1: none has been made yet; None: what stands is none of them."""
    for place in range(len(versions) - 1, -1, -1):
        version = versions[place][1]
        if standing is None and version is None and _has_relation(wanted, baseline):
            return place
        if standing is not None and version is not None and alike(standing, version):
            return place
    if standing is None:
        return len(versions) - 1 if shape.same_thing_elsewhere(wanted, baseline) else -1
    return None


def _maker(versions: list[tuple[str, Fact | None]], name: str) -> str | None:
    """The last migration before that one that made or changed the thing."""
    before = versions[: _place(versions, name)]
    return next((made_by for made_by, version in reversed(before) if version is not None), None)


def _place(versions: list[tuple[str, Fact | None]], name: str) -> int:
    return next(place for place, (made_by, _version) in enumerate(versions) if made_by == name)


def _has_relation(fact: Fact, baseline: Catalog) -> bool:
    """Whether the thing may have been removed: of a table that was never made nothing was."""
    return fact.kind != "relation" and baseline.get("relation", fact.schema, fact.relation) is not None


def before(reference: Reference, migrations: frozenset[str]) -> Catalog:
    """The reference as the last of those migrations left it; empty where it ran none of them."""
    last = Catalog()
    for name, catalog in reference.after.items():
        if name in migrations:
            last = catalog
    return last
