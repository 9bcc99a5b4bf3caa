"""The values that pass between migsim's parts. Frozen, without behaviour that could reach the outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal, NamedTuple


class Verdict(StrEnum):
    """The answer of a rehearsal; what could not be found out is never SAFE."""

    SAFE = "safe"
    WOULD_FAIL = "would-fail"
    UNKNOWN = "unknown"


TIMEOUT = "Timeout"  # in an exception's place: nothing was raised


class Phase(StrEnum):
    """Where in a rehearsal an exception came from."""

    RESTORE = "restore"
    SETTINGS = "settings"
    CHECK = "check"
    LOAD = "load"
    PLAN = "plan"
    RECORD = "record"
    PRE_MIGRATE = "pre_migrate"
    OPERATION = "operation"
    DEFERRED = "deferred"
    POST_MIGRATE = "post_migrate"
    SMOKE = "smoke"


@dataclass(frozen=True)
class Address:
    """Where a database answers: a socket directory (or host), a port, a name, and as whom."""

    host: str
    port: int
    dbname: str
    user: str
    password: str = ""


@dataclass(frozen=True)
class Outcome:
    """What one command did. ``stdout`` and ``stderr`` are decoded as UTF-8, undecodable bytes replaced."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str
    seconds: float


class Fact(NamedTuple):
    """One thing that a database's catalog says; ``simulator/catalog.py`` has the kinds and how each is defined."""

    kind: str  # relation, column, constraint, index, trigger, policy, security, type, function ...
    schema: str
    relation: str  # "" for what belongs to none
    name: str  # of the column, constraint, index ...; "" for the relation itself
    definition: tuple[str, ...]


# --- dumps ---------------------------------------------------------------------------------------


# The tables whose rows migrate itself writes, the latter two in post_migrate; they name models, no customer.
BOOKKEEPING = frozenset({"django_migrations", "django_content_type", "auth_permission"})


@dataclass(frozen=True)
class DumpEntry:
    """One entry of an archive's table of contents. ``kind`` is pg_dump's own word (TABLE, TABLE DATA, ACL ...)."""

    id: int
    kind: str
    tag: str


@dataclass(frozen=True)
class Dump:
    """A dump file, read from its own header and table of contents, before anything is restored.

    ``owner`` owns ``django_migrations`` in the dump (None: the dump names none). Versions are as pg_dump
    wrote them ("15.4"); ``dumped_from`` is the server's, ``dumped_by`` is pg_dump's.
    """

    path: Path
    format: Literal["custom", "directory", "tar", "plain"]
    compression: Literal["none", "gzip", "bzip2", "xz", "zstd", "zip"] = "none"
    size: int = 0  # bytes on disk; of the whole folder for a directory dump
    taken_at: datetime | None = None
    dumped_from: str | None = None
    dumped_by: str | None = None
    owner: str | None = None
    database: str | None = None  # of a script that connects to its databases (pg_dumpall, pg_dump -C): which is meant
    database_owner: str | None = None  # None: it does not say (plain without -C, or taken with -n or -t)
    has_privileges: bool = True  # False: an archive without a single GRANT or REVOKE
    roles: tuple[str, ...] = ()  # every role that owns or is granted something; of pg_dumpall all that there are
    superusers: tuple[str, ...] = ()  # of pg_dumpall, those that are one
    role_statements: tuple[str, ...] = field(default=(), repr=False)  # of pg_dumpall: attributes and memberships
    extensions: tuple[str, ...] = ()
    tablespaces: tuple[str, ...] = ()
    tables: int = 0  # entries with data, for progress
    filled: frozenset[str] | None = frozenset()  # the tables that these are of; None: a plain one's INSERTs don't tell
    relations: int = 0  # tables, views and the like that a restore makes
    without_rows: tuple[str, ...] = ()  # tables whose rows the dump leaves out; a table that is empty is not among them
    encoding: str | None = None  # the database's, where the dump says so
    lines_before: int = 0  # of a plain one: lines before its header that are no SQL, as a terminal's
    windows: bool = False  # of a plain one: its lines end as on Windows
    only_restricted: str = ""  # of a plain one: why a psql that can't be restricted must not run it
    # ALTER DATABASE … SET and ALTER ROLE … IN DATABASE … SET as the archive holds them; values may be secret.
    settings: tuple[str, ...] = field(default=(), repr=False)
    contents: tuple[DumpEntry, ...] = field(default=(), repr=False)  # an archive's table of contents, in its order


# --- the project's side --------------------------------------------------------------------------


@dataclass(frozen=True)
class ProjectVersion:
    """Which code was rehearsed."""

    ref: str | None = None
    commit: str | None = None
    dirty: bool = False


@dataclass(frozen=True)
class Alias:
    """One entry of the project's DATABASES, with nothing that could be a secret.

    ``same_as`` names the alias whose database it shares (TEST.MIRROR, or the same HOST, PORT and NAME).
    """

    name: str
    engine: str
    vendor: str  # "postgresql", or another backend's
    same_as: str | None = None
    user: str | None = None  # whom the settings connect as; never printed unless a dump names it


@dataclass(frozen=True)
class Attempt:
    """A connection that the project's code tried to open to anything but the sandbox."""

    kind: Literal["tcp", "unix", "libpq", "server"]
    address: str  # host:port or a path; never a credential


@dataclass(frozen=True)
class Recorded:
    """One row of django_migrations."""

    name: str  # "blog.0003_tags"
    applied: str | None = None


@dataclass(frozen=True)
class History:
    """The database's history against the files on disk. Names are "app.migration"."""

    recorded: int = 0
    applied: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    not_on_disk: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)  # recorded name -> name on disk, same operations
    schemas: tuple[str, ...] | None = None  # of the project's search path, those that are there; None: not known


@dataclass(frozen=True)
class MigrationRun:
    """One migration as it ran. ``finished`` is False for the one that failed."""

    name: str
    seconds: float
    statements: int
    finished: bool = True


@dataclass(frozen=True)
class Failure:
    """What a rehearsal hit first; the fields of the report's ``failure``."""

    exception: str
    message: str
    phase: Phase
    migration: str | None = None
    operation: str | None = None
    sqlstate: str | None = None
    relation: str | None = None
    schema_name: str | None = None
    table_name: str | None = None
    column_name: str | None = None
    constraint_name: str | None = None
    sql: str | None = None
    source: str | None = None  # file:line of the project's own code that raised, or that was last called
    raised_from: str | None = None  # the class of what it was raised from, or while handling what
    alias: str | None = None  # of the connection whose statement failed
    # Why the sandbox itself may be the reason; None: the code or the database is.
    sandbox: str | None = None
    in_schema: str | None = None  # where the project was at work, if it goes through several schemas
    # For a 42501: the object and who owns it, where the catalog says so; the same owner alone; whether it is the
    # database's to allow that (CREATE SCHEMA, a trusted extension, a table in public from PostgreSQL 15 on).
    denied: str | None = None
    denied_owner: str | None = None
    denied_by_database: bool = False
    # Of what was still running when the time was over (exception ``Timeout``): for how long it had been at that
    # statement, else in that operation or phase; and whom it waits for, in words (None: for nobody, it is slow).
    seconds: float | None = None
    waits_for: str | None = None

    @property
    def is_hang(self) -> bool:
        """Whether nothing failed, but something was still running when the time was over."""
        return self.exception == TIMEOUT


@dataclass(frozen=True)
class MigrationOperation:
    """One operation of a migration on disk.

    ``runs_code``: it does something besides the schema, as RunPython, RunSQL (unless they are noop) and a project's own
    kind may. ``sql``: the statements, where that is nothing but RunSQL without parameters.
    """

    kind: str  # the class's name
    text: str  # as Django describes it
    runs_code: bool = False
    model: str | None = None  # "app.model" in lower case, for operations on one
    table: str | None = None  # its table after the operation
    sql: tuple[str, ...] | None = None


@dataclass(frozen=True)
class MigrationFile:
    """One migration on disk, as Django's loader holds it. Names are "app.migration"."""

    name: str
    parents: tuple[str, ...] = ()  # in the graph, as migrate walks it
    named: tuple[str, ...] = ()  # the dependencies that it names itself, not as its app's first or latest
    replaces: tuple[str, ...] = ()
    atomic: bool = True
    initial: bool = False  # --fake-initial would look whether its tables are there
    path: str = ""  # of its file, relative to the folder that holds manage.py; absolute where it lies outside
    operations: tuple[MigrationOperation, ...] = ()


@dataclass(frozen=True)
class Delta:
    """What one migration changed in the catalog (None: what stood before the first)."""

    migration: str | None
    added: frozenset[Fact]
    removed: frozenset[Fact]


@dataclass(frozen=True)
class Met:
    """One error that a survey went past. ``operation_index`` is None outside of operations."""

    failure: Failure
    operation_index: int | None = None


@dataclass(frozen=True)
class Ran:
    """One statement of a migration that a survey could run, in order. Data that it holds stands in the code."""

    migration: str
    operation_index: int
    sql: str
    deferred: bool = False
    run_sql: bool = False  # the text of a RunSQL, not of Django's schema editor


@dataclass(frozen=True)
class CodeRun:
    """A RunPython (or a project's own operation) in a survey: how many rows its statements changed."""

    migration: str
    operation_index: int
    rows_changed: int


@dataclass(frozen=True)
class Survey:
    """A rehearsal past its errors."""

    met: tuple[Met, ...] = ()
    ran: tuple[Ran, ...] = ()
    code_runs: tuple[CodeRun, ...] = ()


@dataclass(frozen=True)
class StepRun:
    """One step of a trial: what it did, in order. ``failure`` None: it exited 0."""

    index: int
    seconds: float
    failure: Failure | None = None


@dataclass(frozen=True)
class Tables:
    """How many tables there are of those that the recorded migrations make, and of those of the code's models."""

    recorded: int
    recorded_there: int
    code: int
    code_there: int


@dataclass(frozen=True)
class Position:
    """Where the main thread of the project's process was when it was looked at last.

    ``after``: seconds from the process's start until it came there, or until the statement ``sql`` began.
    """

    phase: Phase
    migration: str | None = None
    operation: str | None = None
    sql: str | None = None
    line: str | None = None  # of the project's own code, "blog/migrations/0002_tag.py:7"
    after: float = 0.0


@dataclass(frozen=True)
class Trace:
    """Everything the probe reported of one run inside the project's Django.

    ``complete`` is False when the last line never arrived: then nothing can be concluded.
    """

    complete: bool
    ended: str = ""  # how the process ended, where its trace is not complete
    versions: Mapping[str, str] = field(default_factory=dict)  # django, driver, python
    aliases: tuple[Alias, ...] = ()
    settings_module: str | None = None
    history: History | None = None
    migrations: tuple[MigrationRun, ...] = ()
    failure: Failure | None = None
    attempts: tuple[Attempt, ...] = ()
    notices: tuple[str, ...] = ()  # warnings of the server worth a reader's eye (cascaded drops, truncated names)
    second_migrate: tuple[str, ...] | None = None  # what a second migrate still had to do; None: not asked
    left: tuple[str, ...] | None = None  # what Django's own plan still holds after it; None: could not be read
    models_read: int | None = None
    # Pending operations whose outcome depends on rows (tier schema); None: could not be told.
    data_dependent: tuple[str, ...] | None = None
    dependency: Mapping[str, str] = field(default_factory=dict)  # facts such as minimum_database_version
    files: tuple[MigrationFile, ...] = ()  # mode survey: every migration on disk
    deltas: tuple[Delta, ...] = ()  # where a catalog query was given
    survey: Survey | None = None  # mode survey
    steps: tuple[StepRun, ...] = ()  # mode trial
    tenants: tuple[str, ...] | None = None  # schemas that the project's table of tenants names; None: it has none
    tables: Tables | None = None  # before anything is migrated; None: could not be told
    position: Position | None = None  # None: it came to its end, or was never looked at
    idle: tuple[str, ...] = ()  # mode idle: migrations whose code ended without an error and wrote nothing
    lacks_variable: str | None = None  # an environment variable that the settings fail without
    lacks_module: str | None = None


# --- why it would happen, and what mends it --------------------------------------------------------


class Shape(StrEnum):
    """What stands in a migration's way, against what the migration would make."""

    SAME = "same"
    SUPERSET = "superset"
    DIFFERS = "differs"
    OTHER_KIND = "other-kind"


@dataclass(frozen=True)
class Existing:
    """What already holds a name that a migration wants. ``rows`` is None where it has none or nobody counted."""

    kind: str  # table, column, index, constraint, view, sequence, partition, foreign table, type, extension ...
    name: str
    schema_name: str | None = None
    table_name: str | None = None  # of a column, an index, a constraint
    shape: Shape | None = None  # None: there is no trusted yardstick
    differences: tuple[str, ...] = ()
    benign: tuple[str, ...] = ()  # differences that never matter
    owner: str | None = None
    rows: int | None = None
    valid: bool = True  # False: an INVALID index
    extension: str | None = None  # that it belongs to


Confidence = Literal["certain", "likely", "possible"]


@dataclass(frozen=True)
class Cause:
    """Why a root is there. ``evidence`` are sentences, each a fact that was looked up."""

    id: str
    title: str
    confidence: Confidence
    evidence: tuple[str, ...] = ()


ROWS, VALUES = "{rows}", "{values}"  # in a person's step


@dataclass(frozen=True)
class Step:
    """One step of a fix: a command, SQL, or what only a person can do.

    ``person`` says in words what that is, with ``query``, a SELECT of the rows in question, or ``statement``, SQL that
    another role has to run. How many rows the query has stands in the words where these have ``ROWS`` or ``VALUES``.
    ``effects``: in words, what its SQL rewrites, reads whole or keeps waiting of tables that hold rows.
    """

    manage: tuple[str, ...] = ()  # arguments of manage.py
    sql: str = ""
    person: str = ""
    query: str = ""
    statement: str = ""
    effects: tuple[str, ...] = ()


class FixOutcome(StrEnum):
    """What a fix's trial came to."""

    WORKS = "works"
    LOSES_DATA = "loses-data"
    DRIFTS = "drifts"
    FAILS = "fails"
    NOT_TRIED = "not-tried"


@dataclass(frozen=True)
class Proof:
    """Why a migration that a fix records without running it may be taken as done, though it does more than schema."""

    migration: str
    kind: Literal["idle", "catalog", "history", "replaced"]
    evidence: str


@dataclass(frozen=True)
class Fix:
    """Ordered steps that would mend a database, and what they did to a copy of it."""

    id: str
    title: str
    steps: tuple[Step, ...]
    outcome: FixOutcome = FixOutcome.NOT_TRIED
    recommended: bool = False
    rows_lost: Mapping[str, int] = field(default_factory=dict)  # "schema.table" -> how many
    drift: tuple[str, ...] = ()  # what the schema then has too little or too much
    seconds: float = 0.0
    note: str = ""
    mends: tuple[int, ...] = ()  # ids of the roots
    proofs: tuple[Proof, ...] = ()
    resets: tuple[str, ...] = ()  # apps whose migrations are deleted and written anew, before all else


# --- the report ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """One thing that would go wrong; a root, or the cascade of another."""

    id: int
    failure: Failure
    root: bool = True
    cascade_of: int | None = None
    relation_kind: str | None = None
    existing: Existing | None = None
    cause: Cause | None = None


@dataclass(frozen=True)
class Report:
    """One rehearsal, whole. Rendered by ``render``; its JSON is ``migsim.report/1``."""

    scenario: str
    verdict: Verdict
    exit_code: int
    engine: str | None = None
    tier: str = "data"
    role: str | None = None
    started: str = ""
    seconds: float = 0.0
    versions: Mapping[str, str] = field(default_factory=dict)
    dump: Dump | None = None
    dump_sha256: str | None = None
    project: ProjectVersion = field(default_factory=ProjectVersion)
    settings: str | None = None  # the settings module that was loaded
    history: History | None = None
    failure: Failure | None = None
    findings: tuple[Finding, ...] = ()
    fixes: tuple[Fix, ...] = ()
    migrations: tuple[MigrationRun, ...] = ()
    models_read: int | None = None
    attempts: tuple[Attempt, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()
    because: str = ""  # what an unknown verdict stands on, in a sentence
    unmet: str = ""  # what the scenario expects, where it came to something else
    kept: str = ""  # with --keep: the command to get in
    in_full: str = ""  # with --keep: the file in which the errors stand as they are
    error: tuple[str, str] | None = None  # message, hint
    asked: str = ""  # what comes after `migsim run` to rehearse it again; "": the scenario's name
