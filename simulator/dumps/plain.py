"""A plain SQL dump, read once from end to end: what it says of itself, what it needs, and whether it is whole.

psql runs such a file without looking: it exits 0 on one that was cut in the middle of a table, and follows a
``\\connect`` to another database. So the file is read the way psql would read it, as far as that goes: comments,
quotes, dollar quotes and the rows of COPY are told apart from statements and meta-commands.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import BinaryIO

from simulator import statements

HEADER = b"-- PostgreSQL database dump\n"
_COMPLETE = b"-- PostgreSQL database dump complete"
_LONGEST_LINE = 16 << 20  # bytes handled at a time
_LONGEST_STATEMENT = 64 << 10  # bytes kept of one; the rest tells nothing that is asked here
# psql's meta-commands that pg_dump itself writes and that reach nothing.
_HARMLESS = {"restrict", "unrestrict"}
_TOKEN = re.compile(rb"""--|/\*|'|"|(?<![\w$\x80-\xff])\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$|\\|;""")
_END_OF_ESCAPED = re.compile(rb"(?:[^'\\]|\\.|'')*'", re.DOTALL)
_COMMENT_EDGE = re.compile(rb"/\*|\*/")
_ESCAPE_STRING = re.compile(rb"(?<![\w\x80-\xff$])[eE]$")
_COPY = re.compile(r"\s*COPY\s+(\S+).*\sFROM\s+stdin", re.IGNORECASE | re.DOTALL)
_DATABASE = re.compile(r"\s*(?:CREATE|DROP)\s+DATABASE\b", re.IGNORECASE)
# One whole INSERT on a line: the bulk of a dump made with --inserts, passed over quickly. In its strings a backslash
# means nothing, since none of them is an E'…'.
_CODE = rb"""[^'"\\;]*(?:"[^"]*"[^'"\\;]*)*"""
_WHOLE_INSERT = re.compile(rb"INSERT INTO " + _CODE + rb"(?:(?<![eE])'[^']*'" + _CODE + rb")*\);\n")
_META = re.compile(rb"\\([^\s\\]*)[^\n]*")
_ENCODING = re.compile(r"\s*SET\s+client_encoding\s*(?:=|TO)\s*'?([\w-]+)", re.IGNORECASE)


@dataclass
class Facts:
    """What one plain dump holds. Lists keep the order of the file."""

    dumped_from: str = ""
    dumped_by: str = ""
    started: datetime | None = None
    owner: str | None = None
    encoding: str | None = None
    roles: dict[str, None] = field(default_factory=dict)
    extensions: dict[str, None] = field(default_factory=dict)
    tablespaces: dict[str, None] = field(default_factory=dict)
    tables: int = 0
    relations: int = 0
    # (schema, table), where rows come by COPY (tables > 0)
    made_without_rows: dict[tuple[str | None, str], None] = field(default_factory=dict)


class NotRestorable(ValueError):
    """Why psql must not be given this file: a sentence about the file, and what to do instead."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason, self.hint = reason, hint


class Cut(ValueError):
    """The file ends too early."""


def scan(stream: BinaryIO) -> Facts:
    """Read a pg_dump script. Raises NotRestorable and Cut."""
    scanner = _Scanner()
    for line in lines(stream):
        scanner.line(line)
    scanner.end()
    if scanner.complete < scanner.headers:
        raise Cut("the line 'PostgreSQL database dump complete' is missing")
    return scanner.facts


def check_script(stream: BinaryIO) -> None:
    """The same for a script by hand (a ``sql`` step), which need not have pg_dump's frame around it."""
    scanner = _Scanner()
    for line in lines(stream):
        scanner.line(line)
    scanner.line(b";\n")  # psql runs the last statement without one, too
    scanner.end()


def lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream, longer ones in parts. A byte order mark is passed over, as psql does."""
    yield stream.readline(_LONGEST_LINE).removeprefix(BOM_UTF8)
    yield from iter(partial(stream.readline, _LONGEST_LINE), b"")


class _Scanner:
    """psql's own lexer, as far as needed. ``_open`` names what the text is inside of, "" for a statement."""

    def __init__(self) -> None:
        self.facts = Facts()
        self.headers = self.complete = 0
        self._open = b""
        self._depth = 0  # of nested comments
        self._rows_of = ""  # the table whose COPY rows are being read
        self._statement = bytearray()

    def line(self, line: bytes) -> None:
        if self._rows_of:
            if line.rstrip(b"\r\n") == b"\\.":
                self._rows_of = ""
        elif self._open or self._statement:
            self._text(line)
        elif line.startswith(b"--"):
            self._comment(line)
        elif not _WHOLE_INSERT.fullmatch(line):
            self._text(line)

    def end(self) -> None:
        if self._rows_of:
            raise Cut(f"it ends among the rows of {self._rows_of}")
        if self._open or self._statement.strip():
            raise Cut("it ends in the middle of a statement")

    def _comment(self, line: bytes) -> None:
        if line == HEADER or line == HEADER.replace(b"\n", b"\r\n"):
            self.headers += 1
        elif line.startswith(_COMPLETE):
            self.complete += 1
        else:
            _read_header(line.decode("utf-8", "replace"), self.facts)

    def _text(self, line: bytes) -> None:
        position = 0
        while position < len(line):
            position = self._inside(line, position) if self._open else self._outside(line, position)

    def _outside(self, line: bytes, position: int) -> int:
        """Go on to the next quote, comment, meta-command or end of statement; return where that leaves us."""
        token = _TOKEN.search(line, position)
        if token is None:
            self._keep(line[position:])
            return len(line)
        self._keep(line[position : token.start()])
        text = token[0]
        if text == b"--":
            return len(line)
        if text == b";":
            self._finish()
            return token.end()
        if text == b"\\":
            return self._meta_command(line, token.start())
        self._enter(text, line[: token.start()])
        return token.end()

    def _enter(self, text: bytes, before: bytes) -> None:
        if text == b"/*":
            self._open, self._depth = text, 1
            return
        self._open = b"E'" if text == b"'" and _ESCAPE_STRING.search(before[-3:]) else text
        self._keep(text)

    def _inside(self, line: bytes, position: int) -> int:
        """Go on to the end of the quote or comment; a doubled quote just ends one and begins the next."""
        if self._open == b"/*":
            return self._in_comment(line, position)
        if self._open == b"E'":
            match = _END_OF_ESCAPED.match(line, position)
            end = match.end() if match else -1
        else:
            found = line.find(self._open, position)
            end = found + len(self._open) if found >= 0 else -1
        if end < 0:
            self._keep(line[position:])
            return len(line)
        self._keep(line[position:end])
        self._open = b""
        return end

    def _in_comment(self, line: bytes, position: int) -> int:
        edge = _COMMENT_EDGE.search(line, position)
        if edge is None:
            return len(line)
        self._depth += 1 if edge[0] == b"/*" else -1
        if not self._depth:
            self._open = b""
        return edge.end()

    def _meta_command(self, line: bytes, position: int) -> int:
        match = _META.match(line, position)
        assert match is not None
        word = match[1].decode("utf-8", "replace")
        if word in {"c", "connect"}:
            raise NotRestorable(*_OWN_DATABASE)
        if word not in _HARMLESS:
            raise NotRestorable(
                f"runs psql's own command \\{word}", f"take the line that begins with \\{word} out of it"
            )
        return match.end()

    def _keep(self, text: bytes) -> None:
        if not self._statement:
            text = text.lstrip()
        if len(self._statement) < _LONGEST_STATEMENT:
            self._statement += text

    def _finish(self) -> None:
        statement = self._statement.decode("utf-8", "replace").strip()
        self._statement.clear()
        if copy := _COPY.match(statement):
            self._rows_of = copy[1]
            self.facts.tables += 1
            if filled := statements.relation(statement):
                self.facts.made_without_rows.pop((filled.schema, filled.name), None)
        elif _DATABASE.match(statement):
            raise NotRestorable(*_OWN_DATABASE)
        else:
            _read_statement(statement, self.facts)


_OWN_DATABASE = (
    "creates and connects to a database of its own (pg_dump -C)",
    "take it again without -C / --create, so that it restores into the throwaway database",
)


def _read_header(comment: str, facts: Facts) -> None:
    """The versions, and with pg_dump --verbose the time, that the comments at the top give."""
    for words, name in (
        ("-- Dumped from database version ", "dumped_from"),
        ("-- Dumped by pg_dump version ", "dumped_by"),
    ):
        if comment.startswith(words) and not getattr(facts, name):
            setattr(facts, name, comment[len(words) :].strip())
    if comment.startswith("-- Started on ") and facts.started is None:
        facts.started = _moment(comment.removeprefix("-- Started on ").strip())


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text[:19])
    except ValueError:
        return None


def _read_statement(statement: str, facts: Facts) -> None:
    if (made := statements.relation(statement)) and made.kind and made.kind != "index":
        facts.relations += 1
        if made.kind == "table" and not statements.is_partitioned(statement):
            facts.made_without_rows[made.schema, made.name] = None
    facts.roles.update(dict.fromkeys(statements.roles(statement)))
    if name := statements.tablespace(statement):
        facts.tablespaces[name] = None
    elif statement[:6].upper() == "CREATE" and (name := statements.extension(statement)):
        facts.extensions[name] = None
    elif (owned := statements.table_owner(statement)) and owned[0].name == "django_migrations":
        facts.owner = facts.owner or owned[1]
    elif encoding := _ENCODING.match(statement):
        facts.encoding = encoding[1]
