"""What several causes ask of a situation about one root."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from simulator.findings import migration_source
from simulator.findings.graph import app_of
from simulator.findings.roots import ABSENT, DUPLICATES, IN_MIGRATION, in_its_own_way
from simulator.findings.situation import Effects, HistoryTable, Situation
from simulator.model import Fact, Failure, Finding, MigrationFile, MigrationOperation, Phase
from simulator.postgres.sqlstate import (
    DUPLICATE_COLUMN,
    INSUFFICIENT_PRIVILEGE,
    INVALID_SCHEMA_NAME,
    LOCK_NOT_AVAILABLE,
    READ_ONLY_SQL_TRANSACTION,
    UNDEFINED_COLUMN,
)

# Django ends the names that it makes up in 8 hex digits of a hash, before a suffix such as _like, _uniq or _fk_….
_HASHED = re.compile(r"_[0-9a-f]{8}(_|\Z)")

# What a session or a server refuses, whatever the code: read-only, no schema, no right, and their like.
_OF_THE_SESSION = (READ_ONLY_SQL_TRANSACTION, INVALID_SCHEMA_NAME, INSUFFICIENT_PRIVILEGE, LOCK_NOT_AVAILABLE, "57")


# --- the migration of a root ---------------------------------------------------------------------


def name_of(root: Finding) -> str:
    """The migration's, or "" where the root is in none."""
    return root.failure.migration or ""


def file_of(situation: Situation, root: Finding) -> MigrationFile | None:
    return situation.code.files.get(name_of(root))


def is_first(situation: Situation, root: Finding) -> bool:
    """Whether the migration stands on no other of its app."""
    file = file_of(situation, root)
    return file is not None and not any(app_of(parent) == app_of(file.name) for parent in file.parents)


def effects_of(situation: Situation, root: Finding) -> Effects | None:
    """None where there is no trusted reference, or the migration changes nothing in the catalog."""
    return situation.effects.get(name_of(root)) if situation.reference.complete else None


def in_migration(root: Finding) -> bool:
    return root.failure.phase in IN_MIGRATION and root.failure.migration is not None


def collides(root: Finding) -> bool:
    """Whether the migration met something that is there already."""
    return in_migration(root) and root.failure.sqlstate in DUPLICATES


def done_already(situation: Situation, root: Finding) -> bool:
    """Whether everything that the migration would do is done: what it makes stands there, what it removes is gone."""
    effects = effects_of(situation, root)
    met = root.failure.sqlstate in DUPLICATES or root.failure.sqlstate in ABSENT
    return in_migration(root) and met and not in_its_own_way(root) and effects is not None and effects.all_there


def own_collision(root: Finding) -> bool:
    """Whether what stands there may be the migration's own work: of its kind, and where it would make it."""
    return collides(root) and not in_its_own_way(root)


def operation_of(situation: Situation, root: Finding) -> MigrationOperation | None:
    """The operation that failed; None for deferred statements."""
    file = file_of(situation, root)
    if file is None or root.failure.operation is None:
        return None
    return next((one for one in file.operations if one.text == root.failure.operation), None)


def findings_of(situation: Situation, migration: str) -> tuple[Finding, ...]:
    return tuple(one for one in situation.findings if one.failure.migration == migration)


def recorded(situation: Situation) -> frozenset[str]:
    return frozenset(row.name for row in situation.database.history.rows)


def rows_of_app(situation: Situation, app: str) -> tuple[str, ...]:
    """Recorded migrations of that app, on disk or not."""
    names = dict.fromkeys(row.name for row in situation.database.history.rows)
    names.update(dict.fromkeys((*situation.history.applied, *situation.history.not_on_disk)))
    return tuple(name for name in names if app_of(name) == app)


def unknown_rows(situation: Situation, app: str) -> tuple[str, ...]:
    """Recorded migrations of that app that are not on disk."""
    return tuple(name for name in situation.history.not_on_disk if app_of(name) == app)


def in_effect(situation: Situation) -> tuple[str, ...]:
    """Pending migrations whose whole work stands there already."""
    effects = situation.effects if situation.reference.complete else {}
    return tuple(name for name in situation.pending if name in effects and effects[name].all_there)


# --- the code ------------------------------------------------------------------------------------


def code_fails(situation: Situation, root: Finding) -> bool:
    """Whether the same code fails from nothing, in the same migration and the same way; or makes the same thing
    twice in another order: two branches that nothing orders run as the history has it."""
    broken = situation.reference.failure
    if broken is None or broken.sandbox or broken.phase is Phase.RESTORE:
        return False
    failure = root.failure
    if (failure.sqlstate or "").startswith(_OF_THE_SESSION):
        return False
    same_thing = failure.relation is not None and failure.sqlstate in DUPLICATES
    again = same_thing and (broken.sqlstate, broken.relation) == (failure.sqlstate, failure.relation)
    return _way(broken) == _way(failure) or again


def _way(failure: Failure) -> tuple[str | None, str]:
    return (failure.migration, failure.sqlstate or failure.exception)


def maker(situation: Situation, relation: str, column: str = "", constraint: str = "") -> str | None:
    """The last migration that makes that thing when the code runs from nothing, by the reference."""
    makers = situation.reference.makers
    if constraint:
        return makers.get(("constraint", relation, constraint)) or makers.get(("index", relation, constraint))
    return makers.get(("column", relation, column) if column else ("relation", relation, ""))


def tables_of_models(situation: Situation) -> Mapping[str, str]:
    """The table of each model that an operation on disk names."""
    return {
        one.model: one.table
        for file in situation.code.files.values()
        for one in file.operations
        if one.model and one.table
    }


def wanted_names(root: Finding) -> frozenset[str]:
    """As ``migration_source.made`` writes them: what the root is about."""
    failure = root.failure
    if failure.sqlstate in (DUPLICATE_COLUMN, UNDEFINED_COLUMN) and failure.relation and failure.column_name:
        return frozenset({f"{failure.relation}.{failure.column_name}"})
    names = {failure.relation, failure.constraint_name, root.existing.name if root.existing else None}
    if failure.constraint_name or (root.existing and root.existing.table_name):
        names -= {failure.table_name, root.existing.table_name if root.existing else None}
    return frozenset(name for name in names if name)


def makes_it(situation: Situation, root: Finding, name: str, text: str | None) -> bool:
    """Whether that source of that migration makes what the root is about."""
    return bool(migration_source.made(text, app_of(name), tables_of_models(situation)) & wanted_names(root))


# --- the numbers of django_migrations ------------------------------------------------------------


def never_deleted(table: HistoryTable) -> bool:
    """Whether every id that was given out has its row."""
    return table.missing_ids == 0


# --- who made what stands there ------------------------------------------------------------------


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
    facts = effects.present | effects.absent | {wanted for _standing, wanted in effects.different}
    return tuple(
        sorted(
            fact
            for fact in facts
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


def signs_of_hand(situation: Situation, root: Finding) -> tuple[str, ...]:
    """Sentences on what stands there that Django would not have made so."""
    standing = root.existing
    if standing is None:
        return ()
    relation = standing.table_name or standing.name
    schema = standing.schema_name or ""
    signs = list(_owner_sign(situation, root))
    wanted = [fact for fact in wanted_on(situation, name_of(root), relation) if hashed(fact.name)]
    here = [fact for fact in situation.database.catalog.of(schema, relation) if fact.kind in ("constraint", "index")]
    if standing.table_name is None and wanted and not any(hashed(fact.name) for fact in here):
        signs.append(f"none of its constraints and indexes is named as Django would ({wanted[0].name} …)")
    loose = [fact for fact in here if fact.definition[0] == "foreign key" and "DEFERRABLE" not in fact.definition[1]]
    if loose and standing.table_name is None:
        signs.append(f"its foreign keys are not deferrable, as Django makes them ({loose[0].name})")
    signs += _default_signs(situation, root, schema, relation)
    return tuple(signs)


def _owner_sign(situation: Situation, root: Finding) -> Iterator[str]:
    owner, expected = root.existing.owner if root.existing else None, situation.database.history.owner
    if owner and expected and owner != expected:
        yield f"it belongs to {owner}, django_migrations to {expected}"


def _default_signs(situation: Situation, root: Finding, schema: str, relation: str) -> Iterator[str]:
    wanted = situation.reference.after.get(name_of(root)) if situation.reference.complete else None
    if wanted is None:
        return
    for fact in sorted(situation.database.catalog.of(schema, relation)):
        meant = wanted.like(fact)
        of_this = root.existing is None or root.existing.table_name is None or fact.name == root.existing.name
        if fact.kind == "column" and meant is not None and of_this and fact.definition[2] and not meant.definition[2]:
            yield f"its column {fact.name} has a default in the database, which Django does not keep"
            return


def may_be_interrupted(situation: Situation, name: str) -> bool:
    """Whether the migration can be in effect without its row: Django writes the row in a transaction of its own when
    statements were kept for the end, and always does where the migration is not atomic."""
    file = situation.code.files.get(name)
    if file is not None and not file.atomic:
        return True
    deferred = any(one.migration == name and one.deferred for one in situation.survey.ran)
    return deferred or any(one.failure.phase is Phase.DEFERRED for one in findings_of(situation, name))


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
