"""Baseline steps that fill a database: restores of dumps and scripts by hand.

pg_restore and psql run as a person would run them, through all errors; what they met is read from the server's log.
"""

from __future__ import annotations

import io
import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import psycopg

from simulator import dumps
from simulator.baseline import extensions, restore_errors
from simulator.baseline.client_tool import Tool, complaint
from simulator.baseline.restore_errors import Known
from simulator.baseline.roles import RolePlan
from simulator.dumps import filtering, statements
from simulator.engines.base import Environment, Psql
from simulator.engines.plan import SUPERUSER
from simulator.errors import CannotTell, UsageError
from simulator.model import BOOKKEEPING, Dump, DumpEntry, Failure, Outcome
from simulator.postgres import database
from simulator.postgres.version import major
from simulator.wording import MOST_NAMED, and_more, count, listed

Progress = Callable[[int, int, str], None]  # done, total, what; both in bytes of the dump's file

# From this size on several jobs are worth their start.
_PARALLEL_FROM = 64 << 20
_JOBS = 4
_LOST = 2  # psql's exit code when the session has ended
_ENDED = "the restore ended at the first COPY that failed: what follows it in the dump was not restored"
# pg_restore's last line when it went on to the end; without it, it stopped before.
_WENT_ON = "errors ignored on restore"
_BY_HAND = {"pg_restore": "pg_restore -f /dev/null", "psql": "psql -f"}
_NEVER_LISTED = {"ENCODING", "STDSTRINGS", "SEARCHPATH", "DATABASE", "DATABASE PROPERTIES"}
_LINE = re.compile(r"^psql:<stdin>:(\d+): ", re.MULTILINE)


@dataclass(frozen=True)
class Restored:
    """What one step did to the database. ``empty_before``: it held no relation. ``by_hand``: a script did it."""

    errors: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()  # extensions that the dump has and this database has not
    empty_before: bool = True
    by_hand: bool = False
    seconds: float = 0.0


def prepare(environment: Environment, dbname: str, plan: RolePlan, *, encoding: str | None = None) -> None:
    """The roles, and an empty database of its owner's, with the schema public that the dump's server had."""
    with database.connect(environment.address("postgres", SUPERUSER)) as admin:
        for role in plan.create:
            database.create_role(admin, role)
        if not plan.superuser:
            database.create_role(admin, plan.project_user, login=True, member_of=plan.member_of)
        database.create_role(admin, plan.database_owner)
        database.create_database(admin, dbname, plan.database_owner, encoding=encoding)
    if plan.all_may_create:
        with database.connect(environment.address(dbname, SUPERUSER)) as target:
            database.open_public(target)


def restore(
    environment: Environment,
    dbname: str,
    dump: Dump,
    *,
    plan: RolePlan,
    clean: bool = False,
    ignore_extensions: tuple[str, ...] = (),
    tier: Literal["schema", "data"] = "data",
    progress: Progress | None = None,
) -> Restored:
    """Restore a dump into a database that exists, over whatever is there.

    Raises CannotTell where the versions don't fit, the tool stopped before the end, or nothing arrived, and
    UsageError for ``clean`` with a plain dump. Everything else that went wrong is in the result.
    """
    started = time.monotonic()
    notes = _check(environment, dump, clean)
    with database.connect(environment.address(dbname, SUPERUSER)) as target:
        empty = database.count_relations(target) == 0
        available = database.available_extensions(target)
        _create_roles(target, dump.roles)
        notes += _give_roles(target, dump.role_statements)
        notes += _apply_settings(target, dbname, dump.settings) if empty else ()
    without = extensions.left_out(dump, ignore_extensions, available)
    known = Known(
        tool="psql" if dump.format == "plain" else "pg_restore",
        available_extensions=available,
        left_out=without,
        lacking=extensions.lacking(dump, without, available),
        empty_before=empty,
    )
    _refuse_lacking(environment, dump, known.lacking, empty)
    tool = Tool(environment, dbname)
    if dump.format == "plain":
        outcome = _psql(tool, dump, without, progress)
    else:
        outcome = _pg_restore(tool, dump, plan, clean, _wanted(dump, without, tier), progress)
    logged = tool.errors()
    known = replace(known, left_out=(*without, *restore_errors.not_made(logged)))
    ended = known.tool == "psql" and outcome.code == _LOST and bool(logged)
    if not ended:
        _refuse_stopped(outcome, dump, known.tool, bool(logged))
    known = replace(known, names=_names(environment, dbname, dump)) if logged else known
    judged = restore_errors.judge(logged, known)
    if not judged.failures:
        _refuse_nothing(environment, dbname, dump)
    return Restored(
        errors=judged.failures,
        warnings=(
            *notes,
            *_without_extensions(known.left_out, ignore_extensions),
            *judged.warnings,
            *_told_beforehand(dump, tier),
            *([_ENDED] if ended else []),
        ),
        not_checked=(
            *(_not_checked(name, ignore_extensions) for name in known.left_out),
            *_rows_left_out(dump, tier),
        ),
        left_out=known.left_out,
        empty_before=empty,
        seconds=time.monotonic() - started,
    )


def run_sql(environment: Environment, dbname: str, script: Path, *, user: str = SUPERUSER) -> Restored:
    """Run a script by hand (``sql`` step), stopping at its first error, which names the line.

    Raises CannotTell for a script that would leave its database, and when psql itself could not run it.
    """
    dumps.check_script(script)
    started = time.monotonic()
    with database.connect(environment.address(dbname, SUPERUSER)) as target:
        empty = database.count_relations(target) == 0
        available = database.available_extensions(target)
    tool = Tool(environment, dbname, user)
    psql = environment.psql
    first = _restriction(psql)
    with dumps.open_inside(script) as stream, filtering.after(first, stream) as restricted:
        outcome = tool.run((psql.path, *_PSQL, "--set=ON_ERROR_STOP=1"), restricted)
    logged = tool.errors() if outcome.code else []
    known = Known("psql", available, names=_names(environment, dbname) if logged else frozenset())
    judged = [restore_errors.failure(row, known) for row in logged]
    if outcome.code and not judged:
        raise CannotTell(
            f"psql could not run {script}: {complaint(outcome, 'psql')}", f"try it by hand: psql -f {script}"
        )
    line = _LINE.search(outcome.stderr)
    where = f"{script.name}, line {int(line[1]) - first.count(10)}" if line else script.name
    errors = tuple(replace(error, message=f"{error.message} ({where})") for error in judged[:1])
    return Restored(errors=errors, empty_before=empty, by_hand=True, seconds=time.monotonic() - started)


# --- before ------------------------------------------------------------------------------------------------------


def _check(environment: Environment, dump: Dump, clean: bool) -> tuple[str, ...]:
    """Whether this server and these tools can take that dump; warnings where they can, but differ."""
    if clean and dump.format == "plain":
        raise UsageError(
            f"{dump.path} is plain SQL: `clean: true` works with archives only",
            "take the dump with pg_dump -Fc, or with --clean --if-exists and leave `clean` out",
        )
    dumped_by, dumped_from = major(dump.dumped_by), major(dump.dumped_from)
    version = environment.server_version.split()[0]
    server = major(version) or 0
    if dumped_from and server < dumped_from:
        raise CannotTell(
            f"{dump.path} was dumped from PostgreSQL {dump.dumped_from}, and the throwaway server is {version}, older",
            f'set postgres: {{version: "{dumped_from}"}} in the scenario',
        )
    if dumped_by and dump.format != "plain" and environment.client_major < dumped_by:
        raise CannotTell(
            f"{dump.path} was written by pg_dump {dump.dumped_by}, and pg_restore here is {environment.client_major}",
            f"install the client tools of PostgreSQL {dumped_by} or newer, or use --engine docker",
        )
    if dump.only_restricted and not environment.psql.restricts:
        raise CannotTell(
            f"{dump.path}: {dump.only_restricted}, and psql {environment.psql.major}.{environment.psql.minor} can't be "
            "kept from running commands that stand in such a file",
            "take the dump with pg_dump -Fc, or use a newer release of these tools (17.6, 16.10, 15.14, 14.19, 13.22)",
        )
    if dumped_from and server > dumped_from:
        return (f"the dump is of PostgreSQL {dump.dumped_from}, the throwaway server is {version}",)
    return ()


def _refuse_lacking(environment: Environment, dump: Dump, lacking: tuple[str, ...], empty: bool) -> None:
    """Before rows are loaded for an hour: what the dump's tables may be made of, and this server has not."""
    if not lacking or not empty:
        return
    names = ", ".join(lacking)
    raise CannotTell(
        f"{dump.path} needs what the throwaway PostgreSQL {environment.server_version.split()[0]} does not have: "
        f"{'the extensions' if len(lacking) > 1 else 'the extension'} {names}",
        f"where no migration depends on them, in the scenario: postgres: {{ignore_extensions: [{names}]}}; else a "
        "server that has them: --engine docker and postgres: {image: …}",
    )


def _without_extensions(without: tuple[str, ...], asked: tuple[str, ...]) -> tuple[str, ...]:
    own = [name for name in without if name not in asked]
    if not own:
        return ()
    names = listed(own, "the extension", "the extensions", most=len(own))
    return (f"{names} of the dump (not on the throwaway server; no migration builds on such a one) left out",)


def _not_checked(name: str, asked: tuple[str, ...]) -> str:
    return f"the extension {name} ({'ignore_extensions' if name in asked else 'left out of the restore'})"


def _create_roles(connection: database.Connection, roles: Iterable[str]) -> None:
    for role in roles:
        if not role.startswith("pg_"):  # those are the server's own
            database.create_role(connection, role)


def _give_roles(connection: database.Connection, role_statements: tuple[str, ...]) -> tuple[str, ...]:
    """Attributes and memberships that a pg_dumpall tells; one warning for what the server refuses."""
    refused = []
    for statement in role_statements:
        try:
            connection.execute(statement.encode())
        except psycopg.Error as error:
            refused.append(str(error.sqlstate))
    if not refused:
        return ()
    states = ", ".join(dict.fromkeys(refused))
    return (f"{count(len(refused), 'statement')} about roles of the dump could not be applied (SQLSTATE {states})",)


def _apply_settings(connection: database.Connection, dbname: str, settings: tuple[str, ...]) -> tuple[str, ...]:
    """What pg_restore sets only with -C, on the target; a warning for what the server refuses."""
    warnings = []
    for statement in settings:
        try:
            database.apply_setting(connection, dbname, statement)
        except psycopg.Error as error:
            name = statements.setting_name(statement)
            warnings.append(f"the database's setting {name} was not applied (SQLSTATE {error.sqlstate})")
    return tuple(warnings)


def _told_beforehand(dump: Dump, tier: str) -> tuple[str, ...]:
    notes = []
    if tier == "schema" and dump.format == "plain":
        notes.append("a plain dump can't be restored in part: all its rows were restored (tier: schema)")
    if dump.lines_before:
        said = count(dump.lines_before, "line")
        notes.append(
            f"{said} before the dump's header are no SQL (a terminal's, as of kubectl exec -t) and were left out"
        )
    if dump.windows:
        notes.append(
            "the dump's lines end as on Windows, so line ends within texts are not the database's: let pg_dump write "
            "the file itself (pg_dump --file=prod.sql), without a redirection or -t"
        )
    if dump.tablespaces and dump.format != "plain":
        notes.append(f"tablespaces were left out: {', '.join(dump.tablespaces)}")
    return tuple(notes)


def _rows_left_out(dump: Dump, tier: str) -> tuple[str, ...]:
    """What rows might refuse (a unique constraint, NOT NULL) is not seen in a table that came without its own."""
    if tier == "schema" or not dump.without_rows:
        return ()
    more = and_more(dump.without_rows, what="more tables")
    return (f"rows that the dump leaves out (of {', '.join(dump.without_rows[:MOST_NAMED])}{more})",)


def _wanted(dump: Dump, without: tuple[str, ...], tier: str) -> tuple[DumpEntry, ...] | None:
    """The entries to restore, in the archive's own order; None: all."""
    if tier == "data" and not without:
        return None
    return tuple(
        entry
        for entry in dump.contents
        if entry.kind not in _NEVER_LISTED
        and not _belongs_to(entry, without)
        and not (tier == "schema" and _is_rows(entry))
    )


def _belongs_to(entry: DumpEntry, without: tuple[str, ...]) -> bool:
    if entry.kind == "COMMENT" and entry.tag.startswith("EXTENSION "):
        return statements.unquote(entry.tag.removeprefix("EXTENSION ")) in without
    return entry.kind == "EXTENSION" and entry.tag in without


def _is_rows(entry: DumpEntry) -> bool:
    """Rows other than migrate's own. Sequences keep their values: behind the rows, one fails the next insert."""
    return entry.kind.startswith("BLOB") or (entry.kind == "TABLE DATA" and entry.tag not in BOOKKEEPING)


# --- running -----------------------------------------------------------------------------------------------------

_PSQL = ("--no-psqlrc", "--quiet", "--output=/dev/null", "--file=-")


def _psql(tool: Tool, dump: Dump, without: tuple[str, ...], progress: Progress | None) -> Outcome:
    psql, schemas = tool.environment.psql, extensions.schemas(without)
    with dumps.open_inside(dump.path, _metered(dump, progress)) as stream:
        with filtering.for_psql(stream, _restriction(psql), without, schemas, dump.database) as guarded:
            return tool.run((psql.path, *_PSQL), guarded)


def _restriction(psql: Psql) -> bytes:
    """The line after which no script makes psql run a command of its own: who does not know the key can't lift it."""
    return f"\\restrict {secrets.token_hex(16)}\n".encode() if psql.restricts else b""


def _pg_restore(
    tool: Tool,
    dump: Dump,
    plan: RolePlan,
    clean: bool,
    wanted: tuple[DumpEntry, ...] | None,
    progress: Progress | None,
) -> Outcome:
    argv = ["pg_restore", f"--dbname={tool.dbname}", "--no-tablespaces", f"--format={dump.format}"]
    argv += ["--no-owner", "--no-acl"] if plan.no_owner else []
    argv += ["--clean", "--if-exists"] if clean else []
    argv += [f"--use-list={_put_list(tool.environment, wanted)}"] if wanted is not None else []
    if dump.compression != "none":
        with dumps.open_inside(dump.path, _metered(dump, progress)) as stream:
            return tool.run(tuple(argv), stream)
    argv += [f"--jobs={_JOBS}"] if dump.size >= _PARALLEL_FROM and dump.format != "tar" else []
    return tool.run((*argv, tool.environment.put("server", dump.path)))


def _put_list(environment: Environment, entries: tuple[DumpEntry, ...]) -> str:
    """pg_restore's own kind of list: numbers of entries, one a line."""
    path = f"{environment.scratch('server')}/restore-{secrets.token_hex(4)}.list"
    lines = "".join(f"{entry.id};\n" for entry in entries)
    written = environment.run("server", ("tee", path), stdin=io.BufferedReader(io.BytesIO(lines.encode())))
    if written.code:
        raise CannotTell(f"{path} could not be written", "migsim doctor")
    return path


def _metered(dump: Dump, progress: Progress | None) -> Callable[[int], None] | None:
    if progress is None:
        return None
    return lambda done: progress(done, dump.size, dump.path.name)


# --- after -------------------------------------------------------------------------------------------------------


def _refuse_stopped(outcome: Outcome, dump: Dump, tool: str, logged: bool) -> None:
    """pg_restore exits 1 for errors that it went past, too; those are in the server's log."""
    went_on = tool == "pg_restore" and _WENT_ON in outcome.stderr and logged
    if outcome.code and not went_on:
        raise CannotTell(
            f"{tool} stopped before the end of {dump.path}: {complaint(outcome, tool)}",
            f"try --engine docker, whose tools know every compression; or by hand: {_BY_HAND[tool]} {dump.path}",
        )


def _names(environment: Environment, dbname: str, dump: Dump | None = None) -> frozenset[str]:
    """What is called so in the database by now, and in the dump's table of contents."""
    with database.connect(environment.address(dbname, SUPERUSER)) as target:
        there = database.names(target)
    entries = [part for entry in dump.contents for part in (entry.tag, *entry.tag.split())] if dump else []
    return frozenset([*there, *entries, *(dump.roles + dump.extensions if dump else ())])


def _refuse_nothing(environment: Environment, dbname: str, dump: Dump) -> None:
    with database.connect(environment.address(dbname, SUPERUSER)) as target:
        if dump.relations and not database.count_relations(target):
            raise CannotTell(
                f"{dump.path} restored without an error, but no relation arrived in the throwaway database",
                "take it again: pg_dump -Fc DATABASE",
            )
