"""What a script of pg_dumpall (or pg_dump --create) says beside its tables: its roles, and its databases as a whole.

None of it is run as it stands. Roles are made before the restore, without their passwords; a database's owner, settings
and privileges are given to the throwaway one; which database the script connects to tells whose a statement is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from simulator.dumps.statements import NAME_WORD, ROLES, is_setting, unquote

CLUSTER_HEADER = b"-- PostgreSQL database cluster dump\n"
CLUSTER_COMPLETE = b"-- PostgreSQL database cluster dump complete"
# Not what a project's tables are in, unless somebody says so.
ALWAYS_THERE = frozenset({"postgres", "template0", "template1"})

_DATABASE = re.compile(
    rf"\s*(?P<does>CREATE|DROP|ALTER)\s+DATABASE\s+(?:IF\s+EXISTS\s+)?(?P<name>{NAME_WORD})(?P<rest>.*)", re.I | re.S
)
_ON_DATABASE = re.compile(
    rf"\s*(?P<does>(?:GRANT|REVOKE)\s[\w\s,]*?|COMMENT\s+|SECURITY\s+LABEL\s+(?:FOR\s+\S+\s+)?)\bON\s+DATABASE\s+"
    rf"(?P<name>{NAME_WORD})",
    re.I,
)
_OF_ROLE_IN_DATABASE = re.compile(rf"\s*ALTER\s+ROLE\s+{NAME_WORD}\s+IN\s+DATABASE\s+(?P<name>{NAME_WORD})\s", re.I)
_OWNER = re.compile(rf"\s*OWNER\s+TO\s+({NAME_WORD})\s*$|\sOWNER\s*=\s*({NAME_WORD})", re.I)
_ENCODING = re.compile(r"\bENCODING\s*=\s*'([^']+)'", re.I)
_ROLE = re.compile(
    rf"\s*(?P<does>CREATE|DROP|ALTER)\s+(?:ROLE|USER|GROUP)\s+(?!MAPPING\b)(?:IF\s+EXISTS\s+)?(?P<name>{NAME_WORD})"
    r"(?:\s+WITH\b)?(?P<rest>.*)",
    re.I | re.S,
)
_MEMBERSHIP = re.compile(
    rf"\s*GRANT\s+(?P<groups>{ROLES})\s+TO\s+(?P<members>{ROLES})(?P<options>\s+WITH\s+[\w\s,]+?)?"
    rf"(?:\s+GRANTED\s+BY\s+{NAME_WORD})?\s*$",
    re.I,
)
_NO_MEMBERSHIP = re.compile(rf"\s*REVOKE\s+(?:ADMIN\s+OPTION\s+FOR\s+)?{ROLES}\s+FROM\s+{ROLES}\s*$", re.I)
_TABLESPACE = re.compile(r"\s*(?:CREATE|DROP|ALTER)\s+TABLESPACE\b|\s*(?:GRANT|REVOKE)\s.*\sON\s+TABLESPACE\s", re.I)
_KEPT = re.compile(r"\b(?:NO)?(?:INHERIT|CREATEROLE|CREATEDB|BYPASSRLS)\b", re.I)
_CONNECT = re.compile(rb"\\(?:c|connect)\s+(?:-reuse-previous=on\s+)?(?P<target>\S.*?)\s*$")
_CONNECTION_STRING = re.compile(r"dbname='((?:[^'\\]|\\.)*)'")
# A line on which such a statement begins; for more of it than its first words there is a Cluster.
_BEGINS = re.compile(
    rb"(?:CREATE|DROP|ALTER)\s+(?:DATABASE|ROLE|USER(?!\s+MAPPING)|GROUP|TABLESPACE)\b|(?:GRANT|REVOKE|COMMENT|SECURITY)\s",
    re.I,
)


@dataclass
class Database:
    """One database as a whole. ``settings`` are its ALTER … SET and GRANT … ON DATABASE, values may be secret."""

    owner: str | None = None
    encoding: str | None = None
    settings: list[str] = field(default_factory=list)


@dataclass
class Cluster:
    """Roles and databases of a script. ``statements`` give the roles their attributes and memberships."""

    whole: bool = False  # pg_dumpall's header stands in it
    roles: dict[str, None] = field(default_factory=dict)
    superusers: dict[str, None] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)
    databases: dict[str, Database] = field(default_factory=dict)

    def read(self, statement: str) -> bool:
        """Take in one statement; False: it is about neither roles nor databases, so it is psql's."""
        if is_setting(statement) and (found := _OF_ROLE_IN_DATABASE.match(statement) or _DATABASE.match(statement)):
            self._of(found["name"]).settings.append(statement)
        elif found := _DATABASE.match(statement):
            self._read_database(found)
        elif found := _ON_DATABASE.match(statement):
            if found["does"][:6].upper() in {"GRANT ", "REVOKE"}:
                self._of(found["name"]).settings.append(statement)
        elif found := _ROLE.match(statement):
            self._read_role(found, statement)
        elif found := _MEMBERSHIP.match(statement):
            self.statements.append(f"GRANT {found['groups']} TO {found['members']}{found['options'] or ''}")
        else:
            return bool(_NO_MEMBERSHIP.match(statement) or _TABLESPACE.match(statement))
        return True

    def _of(self, name: str) -> Database:
        return self.databases.setdefault(unquote(name), Database())

    def _read_database(self, found: re.Match[str]) -> None:
        if found["does"].upper() == "DROP":
            return
        database = self._of(found["name"])
        if owner := _OWNER.search(found["rest"]):
            database.owner = unquote(owner[1] or owner[2])
        if encoding := _ENCODING.search(found["rest"]):
            database.encoding = encoding[1]

    def _read_role(self, found: re.Match[str], statement: str) -> None:
        name, does = unquote(found["name"]), found["does"].upper()
        if does == "CREATE":
            self.roles[name] = None
        if does == "DROP" or name in ALWAYS_THERE or name == "all":  # postgres is the throwaway server's own
            return
        if re.match(r"\s*(?:SET|RESET)\b", found["rest"], re.I):
            self.statements.append(statement)
            return
        attributes = re.sub(r"'(?:[^']|'')*'", "", found["rest"])
        if re.search(r"\bSUPERUSER\b", attributes, re.I):
            self.superusers[name] = None
        if kept := _KEPT.findall(attributes):
            self.statements.append(f"ALTER ROLE {found['name']} WITH {' '.join(kept)}")


def may_begin(line: bytes) -> bool:
    """Whether a line may begin a statement that a Cluster reads: only then it need be taken apart."""
    return bool(_BEGINS.match(line))


def is_beside(statement: str) -> bool:
    """Whether it is about roles or databases, so that psql must not get it."""
    return Cluster().read(statement)


def is_before_connecting(line: bytes) -> bool:
    r"""What pg_dump writes before it connects to a database of a name like "my shop"."""
    return line.rstrip() == rb"\encoding SQL_ASCII"


def target(line: bytes) -> str | None:
    r"""The database that a ``\connect`` line goes to; None: it is none, or it says more than pg_dump's own."""
    found = _CONNECT.match(line.rstrip(b"\r\n"))
    if found is None:
        return None
    text = found["target"].decode("utf-8", "replace")
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        inner = text[1:-1].replace('""', '"')
        string = _CONNECTION_STRING.fullmatch(inner)
        return re.sub(r"\\(.)", r"\1", string[1]) if string else inner
    return None if re.search(r"[\s\"'=]|^-$", text) else text
