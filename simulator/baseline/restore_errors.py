"""What went wrong in a restore, from the server's own log: findings, and what is known to do no harm.

SQLSTATEs and statements come from the csvlog, never from what pg_restore or psql printed. A statement's text lends
the names of objects, and tells a person's SET from a CREATE. Rows of a failed COPY can reach the log as
statements, so only text that pg_dump itself writes is ever quoted, and of a message only names that are known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from simulator.baseline import extensions
from simulator.baseline.roles import is_platform_role
from simulator.dumps import statements
from simulator.model import Failure, Phase
from simulator.postgres import csvlog, messages
from simulator.postgres.sqlstate import (
    ABSENT,
    DUPLICATE_SCHEMA,
    DUPLICATE_TABLE,
    INSUFFICIENT_PRIVILEGE,
    INVALID_PARAMETER_VALUE,
    RESERVED_NAME,
    SYNTAX_ERROR,
    UNDEFINED_FUNCTION,
    UNDEFINED_OBJECT,
    is_environmental,
)
from simulator.wording import count

_BESIDE = r"FOREIGN\s+DATA\s+WRAPPER|SERVER|EVENT\s+TRIGGER|PUBLICATION"
_ERRORS = {"ERROR", "FATAL", "PANIC"}
SAID = ""  # no warning of its own: the one that names the extensions says it
_SAYS_NOTHING = "an error without a message"
# Statements whose text is pg_dump's own; an INSERT's stops before its values.
_QUOTABLE = re.compile(
    r"\s*(?:ALTER|COMMENT|COPY|CREATE|DROP|GRANT|REFRESH|REVOKE|SELECT\s+pg_catalog\.|SET|TRUNCATE)\s", re.IGNORECASE
)
_INSERT = re.compile(r"\s*(INSERT\s+INTO\s+.*?)\s+(?:OVERRIDING\s.*?)?VALUES\b", re.IGNORECASE | re.DOTALL)
_QUOTED = re.compile(r'"[^"]*"')
# What pg_dump --clean writes before it makes anything; it has no other word for an object that goes.
_DROP = "DROP statement"
_NAMED = r'(?:"[^"]*"|[^\s",;])+'
_TAKES_AWAY = re.compile(
    rf"""\s*(?:
      DROP\s+(?!OWNED\b)[^;]*
    | ALTER\s+(?:FOREIGN\s+)?TABLE\s+(?:ONLY\s+)?{_NAMED}\s+
        (?: DROP\s+CONSTRAINT\s+{_NAMED} | DETACH\s+PARTITION\s+{_NAMED}
          | ALTER\s+(?:COLUMN\s+)?{_NAMED}\s+DROP\s+(?:DEFAULT|IDENTITY))
    | ALTER\s+PUBLICATION\s+{_NAMED}\s+DROP\s+[^;]*
    | SELECT\s+pg_catalog\.lo_unlink\('\d+'\)
    )\s*;?\s*\Z""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True)
class LogRow:
    """One error of the server, with the statement that met it."""

    sqlstate: str
    message: str
    statement: str = ""
    database: str = ""
    application: str = ""


@dataclass(frozen=True)
class Known:
    """What is known about this restore, so that an error can be told from noise."""

    tool: str  # pg_restore or psql
    available_extensions: frozenset[str] = frozenset()
    left_out: tuple[str, ...] = ()  # extensions of the dump that are not restored
    lacking: tuple[str, ...] = ()  # extensions of the dump that the server can't create
    names: frozenset[str] = frozenset()  # what is called so in the dump and in the database
    empty_before: bool = False  # the database held no relation


@dataclass(frozen=True)
class Judged:
    """Errors that a person would meet, and sentences about those that mean nothing."""

    failures: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()


def read_log(text: str) -> Iterator[LogRow]:
    """The errors in a csvlog. A last row that is not whole yet is left out."""
    for row in csvlog.rows(text):
        if row[csvlog.SEVERITY] in _ERRORS:
            yield LogRow(
                row[csvlog.SQLSTATE],
                row[csvlog.MESSAGE],
                row[csvlog.STATEMENT],
                row[csvlog.DATABASE],
                row[csvlog.APPLICATION],
            )


def judge(rows: Iterable[LogRow], known: Known) -> Judged:
    """Sort the errors of one restore, in their order. The same message about the same relation counts once."""
    failures: dict[tuple[str | None, ...], Failure] = {}
    warnings: dict[str, None] = {}
    dropped = 0
    for row in rows:
        if _drops_nothing(row, known):
            dropped += 1
        elif (sentence := _harmless(row, known)) is not None:
            warnings.update({sentence: None} if sentence else {})
        else:
            found = failure(row, known)
            failures.setdefault((found.sqlstate, found.schema_name, found.relation, found.message), found)
    if dropped:
        warnings[f"the dump was taken with --clean: {count(dropped, _DROP)} found nothing, the database was empty"] = (
            None
        )
    return Judged(tuple(failures.values()), tuple(warnings))


def failure(row: LogRow, known: Known) -> Failure:
    """One error as a finding of phase ``restore``."""
    names = known.names | _names_of(row)
    named = _object(row)
    named = named if named and named.name in names else None
    found = Failure(
        exception=known.tool,
        message=messages.message(row.message or _SAYS_NOTHING, names),
        phase=Phase.RESTORE,
        sqlstate=row.sqlstate,
        relation=named.name if named else None,
        schema_name=named.schema if named else None,
        table_name=named.name if named and named.kind in (None, "table") else None,
        sql=_quotable(row, names),
    )
    return replace(found, sandbox=_sandbox(row, known))


def not_made(rows: Iterable[LogRow]) -> tuple[str, ...]:
    """Extensions that no migration builds on, and that this server has and could not create (without a preload)."""
    created = (_created_extension(row) or "" for row in rows)
    return tuple(dict.fromkeys(name for name in created if name in extensions.BESIDE))


def _object(row: LogRow) -> statements.Relation | None:
    """The object that collided (42P07), else the relation of the statement."""
    if row.sqlstate == SYNTAX_ERROR:
        return None
    named = statements.relation(row.statement)
    if row.sqlstate != DUPLICATE_TABLE or not (quoted := _QUOTED.search(row.message)):
        return named
    name = quoted[0].strip('"')
    schema = named.schema if named else None
    return named if named and named.name == name else statements.Relation(name, schema, "index")


def _names_of(row: LogRow) -> frozenset[str]:
    """What the statement itself names: none where it did not parse, or is a row that took itself for a statement."""
    if row.sqlstate == SYNTAX_ERROR:
        return frozenset()
    if insert := _INSERT.match(row.statement):
        return messages.identifiers(insert[1])
    return messages.identifiers(row.statement) if _QUOTABLE.match(row.statement) else frozenset()


def _quotable(row: LogRow, names: frozenset[str]) -> str | None:
    """The statement without its literals: a server's options, a subscription or a function's body may hold secrets."""
    if row.sqlstate == SYNTAX_ERROR:
        return None
    if insert := _INSERT.match(row.statement):
        return messages.statement(insert[1], names)
    return messages.statement(row.statement, names) if _QUOTABLE.match(row.statement) else None


def _sandbox(row: LogRow, known: Known) -> str | None:
    """Why the throwaway server, not the dump or the database, may be the reason."""
    if known.lacking:
        return f"the throwaway server has no extension {' or '.join(known.lacking)}"
    if is_environmental(row.sqlstate):
        return f"the throwaway server met {row.sqlstate} itself"
    extension = _created_extension(row)
    if extension and extension not in known.available_extensions:
        return f"the throwaway server has no extension {extension}"
    return None


def _created_extension(row: LogRow) -> str | None:
    creates = row.statement.lstrip()[:6].upper() == "CREATE"
    return statements.extension(row.statement.strip().rstrip(";")) if creates else None


# --- what does no harm: each rule gives the sentence for `warnings` (SAID: none of its own), or None -----------------


def _comment_on_extension(row: LogRow, _known: Known) -> str | None:
    if row.sqlstate == INSUFFICIENT_PRIVILEGE and _begins(row, r"COMMENT\s+ON\s+EXTENSION"):
        return "comments on extensions were not restored"
    return None


def _unknown_setting(row: LogRow, known: Known) -> str | None:
    """A script of a newer pg_dump, and a newer pg_restore, begin with settings that an older server does not know."""
    match = re.match(r"\s*SET\s+(\w+)\s*=", row.statement, re.IGNORECASE)
    if row.sqlstate == UNDEFINED_OBJECT and match:
        writer = "pg_dump" if known.tool == "psql" else known.tool
        return f"the server does not know the setting {match[1]}, which a newer {writer} writes"
    return None


def _missing_tablespace(row: LogRow, _known: Known) -> str | None:
    name = statements.tablespace(row.statement.strip().rstrip(";"))
    if row.sqlstate in {INVALID_PARAMETER_VALUE, UNDEFINED_OBJECT} and name:
        return f"the tablespace {name} is not there; what was in it is in the default one"
    return None


def _platform_grant(row: LogRow, _known: Known) -> str | None:
    """A grant to a platform's role, or on what only the platform has."""
    if row.sqlstate not in {UNDEFINED_OBJECT, UNDEFINED_FUNCTION, INSUFFICIENT_PRIVILEGE, RESERVED_NAME}:
        return None
    if not _begins(row, r"(?:GRANT|REVOKE|ALTER\s+DEFAULT\s+PRIVILEGES)"):
        return None
    roles = [role for part in statements.split(row.statement) for role in statements.roles(part)]
    if roles and all(is_platform_role(role) for role in roles):
        return f"grants to the platform's role {', '.join(dict.fromkeys(roles))} were left out"
    return None


def _ignored_extension(row: LogRow, known: Known) -> str | None:
    name = statements.extension(row.statement.strip().rstrip(";"))
    return SAID if name in known.left_out else None


def _of_a_left_out_extension(row: LogRow, known: Known) -> str | None:
    """Owners, grants, rows and comments of what stands in an extension's own schema."""
    own = extensions.stands_in(row.statement, extensions.schemas(known.left_out))
    return SAID if own and row.sqlstate in ABSENT else None


def _public_exists(row: LogRow, _known: Known) -> str | None:
    if row.sqlstate == DUPLICATE_SCHEMA and _begins(row, r'CREATE\s+SCHEMA\s+"?public"?\s*;?\s*$'):
        return "the schema public was there already"
    return None


def _owner_beside(row: LogRow, _known: Known) -> str | None:
    """Only a superuser, or who may use the wrapper, can own these; no migration asks whose they are."""
    if row.sqlstate != INSUFFICIENT_PRIVILEGE or not _begins(row, rf"ALTER\s+(?:{_BESIDE})\b.*\bOWNER\s+TO\b"):
        return None
    return "owners of foreign servers, wrappers, event triggers or publications were not restored"


_HARMLESS: tuple[Callable[[LogRow, Known], str | None], ...] = (
    _comment_on_extension,
    _unknown_setting,
    _missing_tablespace,
    _platform_grant,
    _ignored_extension,
    _of_a_left_out_extension,
    _public_exists,
    _owner_beside,
)


def _drops_nothing(row: LogRow, known: Known) -> bool:
    """A script of pg_dump --clean drops everything first; in an empty database nothing of it is there."""
    return known.empty_before and row.sqlstate in ABSENT and bool(_TAKES_AWAY.match(row.statement))


def _harmless(row: LogRow, known: Known) -> str | None:
    return next((sentence for rule in _HARMLESS if (sentence := rule(row, known)) is not None), None)


def _begins(row: LogRow, pattern: str) -> bool:
    return bool(re.match(rf"\s*{pattern}", row.statement, re.IGNORECASE))
