"""One root in its situation: what several causes and fixes ask of the two together, in the field's words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from simulator.findings import migration_source
from simulator.findings.graph import ancestors, app_of
from simulator.findings.situation import Effects, Situation
from simulator.model import Fact, Failure, Finding, MigrationFile, MigrationOperation, Phase, Shape
from simulator.postgres import shape
from simulator.postgres.definition import words
from simulator.postgres.sqlstate import (
    ABSENT,
    DUPLICATE_COLUMN,
    DUPLICATES,
    INSUFFICIENT_PRIVILEGE,
    INVALID_SCHEMA_NAME,
    LOCK_NOT_AVAILABLE,
    READ_ONLY_SQL_TRANSACTION,
    UNDEFINED_COLUMN,
    UNDEFINED_FUNCTION,
    UNDEFINED_OBJECT,
    UNDEFINED_TABLE,
)

# type "citext" does not exist; function similarity(text, unknown) does not exist; operator class "gin_trgm_ops" …
_NAMED = re.compile(r'"(?P<quoted>[^"]+)"|function (?P<called>[\w.]+)\(')
IN_MIGRATION = (Phase.OPERATION, Phase.DEFERRED)
# What a session or a server refuses, whatever the code: read-only, no schema, no right, and their like.
_OF_THE_SESSION = (READ_ONLY_SQL_TRANSACTION, INVALID_SCHEMA_NAME, INSUFFICIENT_PRIVILEGE, LOCK_NOT_AVAILABLE, "57")


@dataclass(frozen=True)
class Case:
    """``root`` may be any finding; most questions are asked of roots."""

    situation: Situation
    root: Finding

    @property
    def failure(self) -> Failure:
        return self.root.failure

    @property
    def migration(self) -> str:
        """ "" where the root is in none."""
        return self.failure.migration or ""

    @property
    def file(self) -> MigrationFile | None:
        return self.situation.code.files.get(self.migration)

    @property
    def operation(self) -> MigrationOperation | None:
        """The operation that failed; None for deferred statements."""
        if self.file is None or self.failure.operation is None:
            return None
        return next((one for one in self.file.operations if one.text == self.failure.operation), None)

    @property
    def effects(self) -> Effects | None:
        """None where there is no trusted reference, or the migration changes nothing in the catalog."""
        return self.situation.effects.get(self.migration) if self.situation.reference.complete else None

    @property
    def is_first_of_app(self) -> bool:
        """Whether the migration stands on no other of its app."""
        return self.file is not None and not any(app_of(one) == app_of(self.file.name) for one in self.file.parents)

    @property
    def missing_beneath(self) -> tuple[str, ...]:
        """Of a history that Django finds inconsistent: what is not recorded beneath recorded ones, in the order of a
        build from nothing."""
        if self.failure.phase is not Phase.PLAN or not self.failure.exception.endswith("InconsistentMigrationHistory"):
            return ()
        applied, files = self.situation.history.applied, self.situation.code.files
        needed = {above for name in applied for above in ancestors(name, files)}
        return tuple(name for name in self.situation.reference.after if name in needed and name not in applied)

    # --- what is in its way ---------------------------------------------------------------------

    @property
    def in_migration(self) -> bool:
        return self.failure.phase in IN_MIGRATION and self.failure.migration is not None

    @property
    def collides(self) -> bool:
        """Whether the migration met something that is there already."""
        return self.in_migration and self.failure.sqlstate in DUPLICATES

    @property
    def blocked_by_foreign_object(self) -> bool:
        """Whether what holds the name is no work of the migration's: of another kind, INVALID, on another table."""
        standing = self.root.existing
        return standing is not None and (standing.shape is Shape.OTHER_KIND or not standing.valid)

    @property
    def may_be_own_work(self) -> bool:
        """Whether what stands there may be the migration's own work: of its kind, and where it would make it."""
        return self.collides and not self.blocked_by_foreign_object

    @property
    def is_done_already(self) -> bool:
        """Whether all that the migration would do is done: what it makes stands there, what it removes is gone."""
        met = self.failure.sqlstate in DUPLICATES or self.failure.sqlstate in ABSENT
        done = self.effects is not None and self.effects.all_there
        return self.in_migration and met and not self.blocked_by_foreign_object and done

    @property
    def recording_may_settle_it(self) -> bool:
        """Whether what the migration met may be its own work, in part or gone again, so that recording it may help."""
        if self.effects is None or self.blocked_by_foreign_object:
            return False
        in_part = bool(self.effects.present or self.effects.gone)
        return self.root.existing is not None or (self.failure.sqlstate in ABSENT and in_part)

    @property
    def recording_settles_it(self) -> bool:
        """Whether the root is the migration's own work that stands there already; what is gone, gone whole."""
        if self.root.existing is not None:
            return not self.blocked_by_foreign_object
        return self.failure.sqlstate in ABSENT and self.effects is not None and self.effects.all_there

    @cached_property
    def within_migration(self) -> tuple[Finding, ...]:
        """The root and its cascades within the same migration."""
        return tuple(
            one
            for one in self.situation.findings
            if one is self.root or (one.cascade_of == self.root.id and one.failure.migration == self.failure.migration)
        )

    @property
    def other_roots(self) -> tuple[Finding, ...]:
        """Other roots in the same migration: things of another kind in its way."""
        own, roots = self.failure.migration, self.situation.roots
        return tuple(one for one in roots if one is not self.root and one.failure.migration == own)

    @property
    def holders(self) -> Iterator[Fact]:
        """The facts in the database that hold the names which the root and its cascades wanted."""
        for finding in self.within_migration:
            standing = finding.existing
            if standing is None:
                continue
            for fact in self.situation.database.catalog:
                own = fact.name or fact.relation or fact.schema
                place = fact.schema == (standing.schema_name or "") and own == standing.name
                table = standing.table_name is None or fact.relation == standing.table_name
                if place and table and shape.kind_word(fact) == standing.kind:
                    yield fact

    @property
    def new_column(self) -> str | None:
        """The column that a refusal of rows is about, where the migration itself adds it to a table that was there."""
        failure, effects = self.failure, self.effects
        table = failure.table_name or failure.relation
        if effects is None or table is None:
            return None
        catalog = self.situation.database.catalog
        own = [fact for fact in effects.absent if fact.relation == table]
        added = {fact.name for fact in own if fact.kind == "column" and catalog.like(fact) is None}
        if any(fact.kind == "relation" for fact in own):
            return None
        if failure.column_name:
            return failure.column_name if failure.column_name in added else None
        wanted = self.situation.reference.after.get(self.migration)
        for fact in wanted.facts if wanted is not None else ():
            if fact.kind in ("constraint", "index") and fact.name == failure.constraint_name and fact.relation == table:
                text = fact.definition[1] if fact.kind == "constraint" else fact.definition[0]
                columns = text[text.find("(") + 1 : text.find(")")].replace('"', "").split(", ")
                if columns and set(columns) <= added:
                    return columns[0]
        return None

    @property
    def changed_columns(self) -> frozenset[str]:
        """Of the relation that the failure is about: those that the migration defines otherwise, or takes away."""
        relation, effects = self.failure.table_name or self.failure.relation, self.effects
        if effects is None or relation is None:
            return frozenset()
        facts = (*effects.still, *effects.absent, *(standing for standing, _wanted in effects.different))
        return frozenset(fact.name for fact in facts if (fact.kind, fact.relation) == ("column", relation))

    @property
    def hooks(self) -> tuple[Fact, ...]:
        """Triggers, rules and policies of that relation which name one of those columns."""
        return tuple(fact for fact in self._of_relation if fact.kind in ("trigger", "rule", "policy"))

    @property
    def computed_columns(self) -> tuple[Fact, ...]:
        """Generated columns of that relation which are computed from one of those."""
        return tuple(fact for fact in self._of_relation if fact.kind == "column" and fact.definition[4])

    @property
    def _of_relation(self) -> Iterator[Fact]:
        """What belongs to the relation that the failure is about, and names one of those columns in its definition."""
        relation, columns = self.failure.table_name or self.failure.relation, self.changed_columns
        for fact in self.situation.database.catalog:
            if fact.relation == relation and columns & words(fact):
                yield fact

    @property
    def member_elsewhere(self) -> tuple[str, str, str] | None:
        """Name, extension and schema of what was not found though an installed extension has brought it: the schema is
        not on the search path."""
        if self.failure.sqlstate not in (UNDEFINED_OBJECT, UNDEFINED_FUNCTION) or self.failure.constraint_name:
            return None
        named = _NAMED.search(self.failure.message)
        name = (named["quoted"] or named["called"]) if named else ""
        found = self.situation.database.members.get(name.rpartition(".")[2])
        return (name, *found) if found else None

    # --- the code -------------------------------------------------------------------------------

    @property
    def made_later(self) -> str | None:
        """The migration, later in the plan, that makes the column or table which code of this one asked for in vain."""
        state, relation = self.failure.sqlstate, self.failure.relation or self.failure.table_name
        runs_code = self.operation is not None and self.operation.runs_code
        if not (runs_code and relation and self.situation.reference.complete):
            return None
        if state not in (UNDEFINED_COLUMN, UNDEFINED_TABLE):
            return None
        column = self.failure.column_name or "" if state == UNDEFINED_COLUMN else ""
        maker, pending = self.situation.maker(relation, column), self.situation.pending
        if maker not in pending or self.migration not in pending or (state == UNDEFINED_COLUMN and not column):
            return None
        return maker if pending.index(maker) > pending.index(self.migration) else None

    @property
    def code_fails(self) -> bool:
        """Whether the same code fails from nothing, in the same migration and the same way; or makes the same thing
        twice in another order: two branches that nothing orders run as the history has it."""
        broken = self.situation.reference.failure
        if broken is None or broken.sandbox or broken.phase is Phase.RESTORE:
            return False
        failure = self.failure
        if (failure.sqlstate or "").startswith(_OF_THE_SESSION):
            return False
        same_thing = failure.relation is not None and failure.sqlstate in DUPLICATES
        again = same_thing and (broken.sqlstate, broken.relation) == (failure.sqlstate, failure.relation)
        return _signature(broken) == _signature(failure) or again

    @property
    def left_out_squash(self) -> MigrationFile | None:
        """The squash that makes what is not there and that migrate leaves out, with what it replaces: a part of that is
        recorded, and the files are gone."""
        failure, files = self.failure, self.situation.code.files
        if failure.sqlstate not in (UNDEFINED_COLUMN, UNDEFINED_TABLE) or not self.situation.reference.complete:
            return None
        column = failure.column_name or "" if failure.sqlstate == UNDEFINED_COLUMN else ""
        maker = files.get(self.situation.maker(failure.relation or failure.table_name or "", column) or "")
        if maker is None or maker.name in self.situation.pending or files.keys() & set(maker.replaces):
            return None
        recorded = self.situation.recorded.intersection(maker.replaces)
        return maker if recorded and len(recorded) < len(maker.replaces) else None

    @property
    def wanted_names(self) -> frozenset[str]:
        """As ``migration_source.made`` writes them: what the root is about."""
        failure, standing = self.failure, self.root.existing
        if failure.sqlstate in (DUPLICATE_COLUMN, UNDEFINED_COLUMN) and failure.relation and failure.column_name:
            return frozenset({f"{failure.relation}.{failure.column_name}"})
        names = {failure.relation, failure.constraint_name, standing.name if standing else None}
        if failure.constraint_name or (standing and standing.table_name):
            names -= {failure.table_name, standing.table_name if standing else None}
        return frozenset(name for name in names if name)

    def is_made_by(self, name: str, text: str | None) -> bool:
        """Whether that source of that migration makes what the root is about."""
        made = migration_source.made(text, app_of(name), self.situation.tables_of_models)
        return bool(made & self.wanted_names)


def _signature(failure: Failure) -> tuple[str | None, str]:
    return (failure.migration, failure.sqlstate or failure.exception)
