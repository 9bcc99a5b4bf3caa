"""What was found out about a database on which migrate fails: facts only, for causes and fixes to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Literal

from simulator.findings.graph import app_of
from simulator.model import CodeRun, Existing, Fact, Failure, Finding, History, Met, MigrationFile, Ran
from simulator.postgres import shape
from simulator.postgres.catalog import Catalog, Key

LARGE = 1_000_000  # rows: to build an index on fewer keeps writers waiting for about a second at most


@dataclass(frozen=True)
class HistoryRow:
    """One row of django_migrations. ``applied`` is ISO 8601."""

    id: int | None
    name: str  # "blog.0003_tags"
    applied: str


@dataclass(frozen=True)
class HistoryTable:
    """django_migrations itself, as the baseline has it."""

    kind: str | None = None  # table, view, partition ...; None: there is none where the project looks
    schema_name: str | None = None
    elsewhere: tuple[str, ...] = ()  # other schemas with a relation of that name
    rows: tuple[HistoryRow, ...] = ()
    sequence: str | None = None  # schema-qualified and quoted; None: ``id`` numbers itself by none
    next_id: int | None = None  # what that sequence gives next
    identity: bool = True  # ``id`` is an identity column, or has a default
    may_insert: bool = True  # whether the project's role may write a row, its sequence included
    owner: str | None = None

    @property
    def schemas(self) -> tuple[str, ...]:
        """All that have a relation of that name, the project's own first."""
        return (*([self.schema_name] if self.schema_name else []), *self.elsewhere)

    @property
    def twice(self) -> tuple[tuple[HistoryRow, ...], ...]:
        """The rows of each migration that has several."""
        by_name: dict[str, list[HistoryRow]] = {}
        for row in self.rows:
            by_name.setdefault(row.name, []).append(row)
        return tuple(tuple(rows) for rows in by_name.values() if len(rows) > 1)

    @property
    def highest_id(self) -> int:
        """0 where no row has one."""
        return max((row.id for row in self.rows if row.id is not None), default=0)

    @property
    def missing_ids(self) -> int | None:
        """How many ids were given out that no row has; None where the sequence can't tell."""
        ids = {row.id for row in self.rows if row.id is not None}
        if self.next_id is None or len(ids) < len(self.rows) or (ids and self.next_id <= max(ids)):
            return None
        return self.next_id - 1 - len(ids)

    @property
    def is_in_order(self) -> bool:
        """Whether ids say in which order rows were written, and how many were."""
        if self.missing_ids is None:
            return False
        in_order = sorted(self.rows, key=lambda row: row.id or 0)
        return all(one.applied <= other.applied for one, other in pairwise(in_order))

    @property
    def is_behind(self) -> bool:
        """Whether its sequence gives a number next that is in use, or was passed already."""
        return self.next_id is not None and self.next_id <= self.highest_id


@dataclass(frozen=True)
class BehindSequence:
    """A column's sequence whose next number is in use already, or was once: the next row fails on it."""

    schema: str
    table: str
    column: str


@dataclass(frozen=True)
class GitTrace:
    """What the project's repository knows of one migration that is not on disk."""

    path: str
    deleted_in: str | None = None  # an abbreviated commit
    deleted_by: str | None = None  # the author's name
    deleted_at: str | None = None  # ISO date
    on_refs: tuple[str, ...] = ()  # branches, remote ones too, whose tip has the file
    text: str | None = None  # of the file as it last was


@dataclass(frozen=True)
class Edit:
    """An applied migration whose operations on disk are not those that were applied, by the repository's dates."""

    path: str
    commit: str | None = None  # the first one after it was applied, abbreviated; None: changed and not committed
    by: str | None = None  # the author's name
    at: str | None = None  # ISO date
    text: str | None = None  # of the file as it was when it was applied


@dataclass(frozen=True)
class Effects:
    """What one pending migration does to the catalog in the reference, against the baseline.

    ``present``: what it would add stands there already, the same. ``different``: (what stands, what it would add).
    ``absent``: what it would add and nothing of that name stands there. ``gone``: what it would remove is gone already.
    """

    present: frozenset[Fact] = frozenset()
    different: tuple[tuple[Fact, Fact], ...] = ()
    absent: frozenset[Fact] = frozenset()
    gone: frozenset[Fact] = frozenset()
    still: frozenset[Fact] = frozenset()  # what it would remove and is there

    @property
    def added(self) -> frozenset[Fact]:
        """All that the migration makes."""
        return self.present | self.absent | {wanted for _standing, wanted in self.different}

    @property
    def removed(self) -> frozenset[Fact]:
        """All that it takes away."""
        return self.gone | self.still

    @property
    def all_there(self) -> bool:
        """Whether the migration would change nothing, and does change something from scratch."""
        return bool(self.present or self.gone) and not (self.different or self.absent or self.still)


@dataclass(frozen=True)
class Reference:
    """The database that the same code builds from nothing. ``failure``: it could not be built; trust no comparison."""

    complete: bool
    failure: Failure | None = None
    final: Catalog = field(default_factory=Catalog)
    after: Mapping[str, Catalog] = field(default_factory=dict)  # after each migration, in the order they ran
    schemas: tuple[str, ...] = ()  # that were made for it beforehand, since nothing in the code does

    @cached_property
    def makers(self) -> Mapping[tuple[str, str, str], str]:
        """The last migration that makes each (kind, relation, name); one that only changes it makes nothing."""
        found: dict[tuple[str, str, str], str] = {}
        before = Catalog()
        for migration, catalog in self.after.items():
            had = {(fact.kind, fact.relation, fact.name) for fact in before.facts - catalog.facts}
            new = {(fact.kind, fact.relation, fact.name) for fact in catalog.facts - before.facts}
            found.update(dict.fromkeys(new - had, migration))
            before = catalog
        return found


@dataclass(frozen=True)
class DatabaseFacts:
    """The database under rehearsal as the baseline steps left it, read on a clone before anything ran there."""

    catalog: Catalog = field(default_factory=Catalog)
    schema: str | None = None  # of several, of tenants, the one that all of this is about; None: the whole database
    shared_schema: str | None = None  # where the project works if nothing says another
    history: HistoryTable = field(default_factory=HistoryTable)
    content_types: frozenset[str] | None = None  # "app.model" of each row; None: there is no such table
    rows: Mapping[str, int] = field(default_factory=dict)  # "schema.table" -> rows
    tables: Mapping[int, str] = field(default_factory=dict)  # OID, which a clone keeps -> "schema.table"
    owners: Mapping[str, str] = field(default_factory=dict)  # "schema.relation" -> role
    behind: tuple[BehindSequence, ...] = ()
    members: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # of extensions: name -> extension, schema
    # Statements that give a thing what its definition leaves out: options, grants, comments, whether it fires.
    beside: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)
    role: str = ""  # whom the project connects as
    superuser: bool = False
    tier: Literal["data", "schema"] = "data"
    restored_over_data: bool = False  # a baseline step restored into a database that was not empty
    restore_failed: bool = False  # a restore into an empty database printed errors

    @property
    def large_tables(self) -> frozenset[str]:
        """ "schema.table" of those on which building an index keeps others waiting for long.

        A dump without rows is taken of a database that is too large for more: each table may be.
        """
        split = {(one.schema, one.relation) for one in self.catalog if one.definition[:1] == ("partitioned table",)}
        return frozenset(
            name
            for name, rows in self.rows.items()
            if (rows >= LARGE or self.tier == "schema") and tuple(name.split(".", 1)) not in split
        )


@dataclass(frozen=True)
class SurveyFacts:
    """What migrate did and met on a clone when it was led past its errors."""

    met: tuple[Met, ...] = ()
    ran: tuple[Ran, ...] = ()
    code_runs: tuple[CodeRun, ...] = ()
    after: Mapping[str, Catalog] = field(default_factory=dict)  # the database after each migration
    end: Catalog = field(default_factory=Catalog)  # as far as it came
    held: Mapping[str, Existing] = field(default_factory=dict)  # what no catalog tells of a name: an extension's
    rows_kept: Mapping[str, int] = field(default_factory=dict)  # of the rows, those that migrations themselves leave
    stopped: Failure | None = None  # what ended it before its end


@dataclass(frozen=True)
class CodeFacts:
    """The project's migrations on disk, and what its repository knows of them."""

    files: Mapping[str, MigrationFile] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)  # the source of pending migrations, by name
    git: Mapping[str, GitTrace] = field(default_factory=dict)  # of those that are not on disk, by name
    edits: Mapping[str, Edit] = field(default_factory=dict)  # of applied migrations, by name
    django: str = ""  # its version, as Django itself writes it; "": not known


@dataclass(frozen=True)
class Situation:
    """All facts of one failed rehearsal."""

    failure: Failure  # of the plain rehearsal
    history: History
    database: DatabaseFacts
    survey: SurveyFacts
    code: CodeFacts
    reference: Reference
    effects: Mapping[str, Effects] = field(default_factory=dict)  # of pending migrations that the reference ran
    findings: tuple[Finding, ...] = ()  # numbered; roots have ``existing`` where something stands in the way

    @cached_property
    def removed_by_code(self) -> frozenset[Fact]:
        """What stood there and is gone after the survey: the migrations remove it themselves, though from nothing there
        is none of it to remove (a table that a RunPython drops if it is there)."""
        if self.survey.stopped:
            return frozenset()
        end, final = self.survey.end, self.reference.final
        return frozenset(fact for fact in self.database.catalog if end.like(fact) is None and final.like(fact) is None)

    @property
    def pending(self) -> tuple[str, ...]:
        """In the plan's order."""
        return self.history.pending

    @property
    def roots(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.root)

    def findings_of(self, migration: str) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.failure.migration == migration)

    # --- migrations -----------------------------------------------------------------------------

    @property
    def recorded(self) -> frozenset[str]:
        return frozenset(row.name for row in self.database.history.rows)

    def recorded_of_app(self, app: str) -> tuple[str, ...]:
        """Recorded migrations of that app, on disk or not."""
        names = dict.fromkeys(row.name for row in self.database.history.rows)
        names.update(dict.fromkeys((*self.history.applied, *self.history.not_on_disk)))
        return tuple(name for name in names if app_of(name) == app)

    def unknown_of_app(self, app: str) -> tuple[str, ...]:
        """Recorded migrations of that app that are not on disk."""
        return tuple(name for name in self.history.not_on_disk if app_of(name) == app)

    @property
    def in_effect(self) -> tuple[str, ...]:
        """Pending migrations whose whole work stands there already."""
        effects = self.effects if self.reference.complete else {}
        return tuple(name for name in self.pending if name in effects and effects[name].all_there)

    def code_changes_rows(self, migration: str) -> bool:
        """Whether code of that migration (RunPython) would still change rows: recording it would skip that."""
        return any(run.migration == migration and run.rows_changed for run in self.survey.code_runs)

    def does_more(self, migration: str) -> bool:
        """Whether it does something besides the schema: recording it would skip that."""
        file = self.code.files.get(migration)
        return file is not None and any(operation.runs_code for operation in file.operations)

    # --- who makes what -------------------------------------------------------------------------

    def maker(self, relation: str, column: str = "", constraint: str = "") -> str | None:
        """The last migration that makes that thing when the code runs from nothing, by the reference."""
        makers = self.reference.makers
        if constraint:
            return makers.get(("constraint", relation, constraint)) or makers.get(("index", relation, constraint))
        return makers.get(("column", relation, column) if column else ("relation", relation, ""))

    @cached_property
    def tables_of_models(self) -> Mapping[str, str]:
        """The table of each model that an operation on disk names."""
        operations = (one for file in self.code.files.values() for one in file.operations)
        return {one.model: one.table for one in operations if one.model and one.table}

    def refuses_inserts(self, migration: str) -> bool:
        """Whether a table that it makes has a column there which every row must fill, and which no migration makes."""
        made = self.reference.makers
        tables = {(fact.schema, fact.relation) for fact in self.effects[migration].added if fact.kind == "relation"}
        return any(
            fact.kind == "column" and shape.refuses_inserts(fact) and ("column", fact.relation, fact.name) not in made
            for place in tables
            for fact in self.database.catalog.of(*place)
        )

    def has_own_triggers(self, table: Fact) -> bool:
        """Whether a trigger that no migration makes works on that table: what it reads and writes is not known."""
        made = self.reference.makers
        return any(
            fact.kind == "trigger" and ("trigger", fact.relation, fact.name) not in made
            for fact in self.database.catalog.of(table.schema, table.relation)
        )
