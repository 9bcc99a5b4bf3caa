"""What one SQL statement, as pg_dump writes it, is about: its relation, the roles and extensions it names.

Names read here lend words to a report and tell what has to exist before a restore; no verdict rests on them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NAME_WORD = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_NAME = rf"(?:(?P<schema>{NAME_WORD})\.)?(?P<name>{NAME_WORD})"
ROLES = rf"{NAME_WORD}(?:\s*,\s*{NAME_WORD})*"

_RELATION = re.compile(
    rf"""\s*(?:
      CREATE\s+(?:OR\s+REPLACE\s+)?(?:UNLOGGED\s+|TEMP(?:ORARY)?\s+|UNIQUE\s+|FOREIGN\s+|MATERIALIZED\s+)*
        (?P<created>TABLE|VIEW|SEQUENCE|INDEX)\s+(?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?
    | (?:ALTER|DROP)\s+(?:FOREIGN\s+|MATERIALIZED\s+)?(?:TABLE|VIEW|SEQUENCE|INDEX)\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?
    | COPY\s+
    | INSERT\s+INTO\s+
    | CREATE\s+(?:CONSTRAINT\s+)?TRIGGER\s.*?\sON\s+
    | CREATE\s+POLICY\s.*?\sON\s+
    | SELECT\s+pg_catalog\.setval\('
    | REFRESH\s+MATERIALIZED\s+VIEW\s+
    | COMMENT\s+ON\s+(?:TABLE|VIEW|SEQUENCE|INDEX)\s+
    )(?:{_NAME})""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_ROLE_PLACES = (
    re.compile(rf"^\s*ALTER\s.*\sOWNER\s+TO\s+(?P<roles>{NAME_WORD})\s*$", re.I | re.S),
    re.compile(rf"^\s*GRANT\s.*\sTO\s+(?:GROUP\s+)?(?P<roles>{ROLES})(?:\s+WITH\s.*|\s+GRANTED\s.*)?\s*$", re.I | re.S),
    re.compile(rf"^\s*REVOKE\s.*\sFROM\s+(?P<roles>{ROLES})(?:\s+(?:CASCADE|RESTRICT|GRANTED\s.*))?\s*$", re.I | re.S),
    re.compile(rf"^\s*ALTER\s+DEFAULT\s+PRIVILEGES\s+FOR\s+(?:ROLE|USER)\s+(?P<roles>{ROLES})", re.I),
    re.compile(rf"\s(?:TO|FROM)\s+(?P<roles>{ROLES})(?:\s+WITH\s+GRANT\s+OPTION)?\s*$", re.I),
    re.compile(rf"^\s*CREATE\s+POLICY\s.*?\sTO\s+(?P<roles>{ROLES})\s*(?:USING|WITH|$)", re.I | re.S),
    re.compile(rf"^\s*ALTER\s+ROLE\s+(?P<roles>{NAME_WORD})\s+IN\s+DATABASE\b", re.I),
    re.compile(rf"^\s*CREATE\s+USER\s+MAPPING\s+FOR\s+(?P<roles>{NAME_WORD})", re.I),
    re.compile(r"^\s*SET\s+SESSION\s+AUTHORIZATION\s+(?P<roles>'[^']+'|\"[^\"]+\")", re.I),
)
_ABOUT_ROLES = re.compile(
    r"^\s*(?:GRANT|REVOKE|ALTER\s+DEFAULT\s+PRIVILEGES|ALTER\s.*\sOWNER\s+TO|CREATE\s+POLICY|CREATE\s+USER\s+MAPPING"
    r"|ALTER\s+ROLE"
    r"|SET\s+SESSION\s+AUTHORIZATION)\b",
    re.I | re.S,
)
_EXTENSION = re.compile(
    rf"^\s*(?:CREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?|COMMENT\s+ON\s+EXTENSION\s+)(?P<name>{NAME_WORD})", re.I
)
_OWNED_TABLE = re.compile(rf"^\s*ALTER\s+TABLE\s+(?:ONLY\s+)?{_NAME}\s+OWNER\s+TO\s+(?P<owner>{NAME_WORD})\s*$", re.I)
_NO_ROWS_OF_ITS_OWN = re.compile(r"\)\s*PARTITION\s+BY\b|^\s*CREATE\s+FOREIGN\b", re.I)
_TABLESPACE = re.compile(r"^\s*SET\s+default_tablespace\s*(?:=|TO)\s*(?P<name>\"[^\"]+\"|'[^']*'|\w+)", re.I)
_SETTING = re.compile(
    rf"^\s*ALTER\s+(?:DATABASE\s+{NAME_WORD}|ROLE\s+(?P<role>{NAME_WORD})\s+IN\s+DATABASE\s+{NAME_WORD})\s+(?P<what>SET\s+(?!TABLESPACE\b).+)$",
    re.I | re.S,
)
_NOT_ROLES = {"public", "current_user", "session_user", "current_role", "default"}


@dataclass(frozen=True)
class Relation:
    """The relation that a statement makes or touches."""

    name: str
    schema: str | None = None
    kind: str | None = None  # "table", "view", "sequence" or "index", where the statement says so


def relation(statement: str) -> Relation | None:
    """The relation that a DDL, COPY or INSERT statement is about."""
    match = _RELATION.match(statement)
    if match is None:
        return None
    schema, created = match["schema"], match["created"]
    return Relation(unquote(match["name"]), unquote(schema) if schema else None, created and created.lower())


def roles(statement: str) -> tuple[str, ...]:
    """Every role that an owner, privilege or policy statement (without its semicolon) names."""
    if not _ABOUT_ROLES.match(statement):
        return ()
    found = [
        name
        for place in _ROLE_PLACES
        if (match := place.search(statement))
        for name in re.findall(rf"'[^']+'|{NAME_WORD}", match["roles"])
    ]
    names = [unquote(name) for name in found if name.lower() not in _NOT_ROLES]
    return tuple(dict.fromkeys(names))


def extension(statement: str) -> str | None:
    """The extension that is created or commented on."""
    match = _EXTENSION.match(statement)
    return unquote(match["name"]) if match else None


def table_owner(statement: str) -> tuple[Relation, str] | None:
    """The table and its new owner, of ``ALTER TABLE … OWNER TO …``."""
    match = _OWNED_TABLE.match(statement)
    if match is None:
        return None
    schema = unquote(match["schema"]) if match["schema"] else None
    return Relation(unquote(match["name"]), schema), unquote(match["owner"])


def is_partitioned(statement: str) -> bool:
    """Whether a CREATE TABLE makes one that holds no rows itself: its partitions do, or another server."""
    return bool(_NO_ROWS_OF_ITS_OWN.search(statement))


def tablespace(statement: str) -> str | None:
    """The tablespace that ``SET default_tablespace`` switches to; None for the database's own."""
    match = _TABLESPACE.match(statement)
    return (unquote(match["name"]) or None) if match else None


def is_setting(statement: str) -> bool:
    """Whether it is a setting of the database, or of a role in it, rather than an attribute such as its owner."""
    return bool(_SETTING.match(statement))


def setting_name(statement: str) -> str:
    """What such a statement sets; never its value."""
    match = _SETTING.match(statement)
    return match["what"].split()[1].strip("\"'") if match else "of an unknown name"


def split(script: str) -> tuple[str, ...]:
    """The statements of a privilege script: one a line, as pg_dump writes them, without semicolons."""
    return tuple(part.strip() for part in re.split(r";\s*(?:\n|$)", script) if part.strip())


def unquote(identifier: str) -> str:
    """An identifier as the catalog holds it. ``SESSION AUTHORIZATION`` takes a literal too."""
    if identifier[:1] == '"':
        return identifier[1:-1].replace('""', '"')
    if identifier[:1] == "'":
        return identifier[1:-1].replace("''", "'")
    return identifier.lower()
