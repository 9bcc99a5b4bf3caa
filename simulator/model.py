"""The values that pass between migsim's parts. Frozen, without behaviour that could reach the outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal


class Verdict(StrEnum):
    """The answer of a rehearsal; what could not be found out is never SAFE."""

    SAFE = "safe"
    WOULD_FAIL = "would-fail"
    UNKNOWN = "unknown"


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


# --- dumps ---------------------------------------------------------------------------------------


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
    compression: Literal["none", "gzip", "xz", "zstd"] = "none"
    size: int = 0  # bytes on disk; of the whole folder for a directory dump
    taken_at: datetime | None = None
    dumped_from: str | None = None
    dumped_by: str | None = None
    owner: str | None = None
    roles: tuple[str, ...] = ()  # every role that owns or is granted something
    extensions: tuple[str, ...] = ()
    tablespaces: tuple[str, ...] = ()
    tables: int = 0  # entries with data, for progress
    relations: int = 0  # tables, views and the like that a restore makes
    without_rows: tuple[str, ...] = ()  # tables whose rows the dump leaves out; a table that is empty is not among them
    encoding: str | None = None  # the database's, where the dump says so
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
    alias: str | None = None  # of the connection whose statement failed
    # Why the sandbox itself may be the reason; None: the code or the database is.
    sandbox: str | None = None
    # For a 42501: the object and who owns it, where the catalog says so.
    denied: str | None = None


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


# --- the report ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """One thing that would go wrong; a root, or the cascade of another."""

    id: int
    failure: Failure
    root: bool = True
    cascade_of: int | None = None
    relation_kind: str | None = None


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
    error: tuple[str, str] | None = None  # message, hint
