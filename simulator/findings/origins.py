"""Who made what stands there: what Django leaves behind, and a person does not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from simulator.findings.case import Case
from simulator.findings.situation import Situation
from simulator.model import Fact, Phase

# Django ends the names that it makes up in 8 hex digits of a hash, before a suffix such as _like, _uniq or _fk_….
_HASHED = re.compile(r"_[0-9a-f]{8}(_|\Z)")


def content_types(situation: Situation, name: str) -> bool | None:
    """Whether every model that the migration creates has its row in django_content_type, which only a migrate that
    ran to its end writes. None: it creates none, there is no such table, or some have one and some not."""
    file = situation.code.files.get(name)
    models = {one.model for one in file.operations if one.kind == "CreateModel" and one.model} if file else set()
    if not models or situation.database.content_types is None:
        return None
    there = models & situation.database.content_types
    return True if there == models else False if not there else None


def wanted_on(situation: Situation, name: str, relation: str | None = None) -> tuple[Fact, ...]:
    """Constraints and indexes that the migration makes (on that relation)."""
    effects = situation.effects.get(name)
    if effects is None or not situation.reference.complete:
        return ()
    return tuple(
        sorted(
            fact
            for fact in effects.added
            if fact.kind in ("constraint", "index") and (relation is None or fact.relation == relation)
        )
    )


def hashed(name: str) -> bool:
    """Whether a name ends as those do that Django makes up."""
    return bool(_HASHED.search(name))


def hashed_names(situation: Situation, name: str) -> tuple[int, int]:
    """How many of the names that Django makes up for the migration stand there, and how many there are."""
    wanted = [fact for fact in wanted_on(situation, name) if hashed(fact.name)]
    return sum(situation.database.catalog.like(fact) is not None for fact in wanted), len(wanted)


def signs_of_manual_change(case: Case) -> tuple[str, ...]:
    """Sentences on what stands there that Django would not have made so."""
    standing = case.root.existing
    if standing is None:
        return ()
    relation = standing.table_name or standing.name
    schema = standing.schema_name or ""
    signs = list(_owner_sign(case))
    wanted = [fact for fact in wanted_on(case.situation, case.migration, relation) if hashed(fact.name)]
    catalog = case.situation.database.catalog
    here = [fact for fact in catalog.of(schema, relation) if fact.kind in ("constraint", "index")]
    if standing.table_name is None and wanted and not any(hashed(fact.name) for fact in here):
        signs.append(f"none of its constraints and indexes is named as Django would ({wanted[0].name} …)")
    loose = [fact for fact in here if fact.definition[0] == "foreign key" and "DEFERRABLE" not in fact.definition[1]]
    if loose and standing.table_name is None:
        signs.append(f"its foreign keys are not deferrable, as Django makes them ({loose[0].name})")
    signs += _default_signs(case, schema, relation)
    return tuple(signs)


def may_be_interrupted(situation: Situation, name: str) -> bool:
    """Whether the migration can be in effect without its row: Django writes the row in a transaction of its own when
    statements were kept for the end, and always does where the migration is not atomic."""
    file = situation.code.files.get(name)
    if file is not None and not file.atomic:
        return True
    deferred = any(one.migration == name and one.deferred for one in situation.survey.ran)
    return deferred or any(one.failure.phase is Phase.DEFERRED for one in situation.findings_of(name))


def tables_without_key(situation: Situation) -> tuple[str, ...]:
    """Tables that stand there with neither constraint nor index, though the code gives them a primary key."""
    if not situation.reference.complete:
        return ()
    found = []
    for fact in sorted(situation.reference.final.facts):
        if fact.kind == "constraint" and fact.definition[0] == "primary key":
            here = situation.database.catalog.of(fact.schema, fact.relation)
            bare = not any(one.kind in ("constraint", "index") for one in here)
            if bare and any(one.kind == "relation" and one.definition[0] == "table" for one in here):
                found.append(f"{fact.schema}.{fact.relation}")
    return tuple(found)


def _owner_sign(case: Case) -> Iterator[str]:
    owner = case.root.existing.owner if case.root.existing else None
    expected = case.situation.database.history.owner
    if owner and expected and owner != expected:
        yield f"it belongs to {owner}, django_migrations to {expected}"


def _default_signs(case: Case, schema: str, relation: str) -> Iterator[str]:
    reference, standing = case.situation.reference, case.root.existing
    wanted = reference.after.get(case.migration) if reference.complete else None
    if wanted is None:
        return
    for fact in sorted(case.situation.database.catalog.of(schema, relation)):
        meant = wanted.like(fact)
        of_this = standing is None or standing.table_name is None or fact.name == standing.name
        if fact.kind == "column" and meant is not None and of_this and fact.definition[2] and not meant.definition[2]:
            yield f"its column {fact.name} has a default in the database, which Django does not keep"
            return
