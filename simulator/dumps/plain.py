"""A plain SQL dump, read once from end to end: what it says of itself, what it needs, and whether it is whole.

psql runs such a file without looking: it exits 0 on one that was cut in the middle of a table, and follows a
``\\connect`` to another database. So the file is read the way psql would read it, as far as that goes: comments,
quotes, dollar quotes and the rows of COPY are told apart from statements and meta-commands.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import chain
from typing import BinaryIO

from simulator.dumps import cluster, statements

HEADER = b"-- PostgreSQL database dump\n"
_COMPLETE = b"-- PostgreSQL database dump complete"
# pg_dump's own first statements, for a script whose comments somebody took out.
OWN_STATEMENTS = (b"\nSET statement_timeout = 0;", b"\nSELECT pg_catalog.set_config('search_path', '', false);")
_SUPABASE_ENDS = "RESET ALL"  # what `supabase db dump` writes last, having taken the comments out
NO_HEADER = (
    "has no header of pg_dump, so whether it is whole can't be seen",
    "run it as a script by hand, in a scenario (migsim init writes one): baseline: [{sql: FILE}]",
)
_MOST_TALK = 50  # lines
_LONGEST_LINE = 16 << 20  # bytes handled at a time
_LONGEST_STATEMENT = 64 << 10  # bytes kept of one; the rest tells nothing that is asked here
# psql's meta-commands that pg_dump itself writes and that reach nothing.
_HARMLESS = {"restrict", "unrestrict"}
_TOKEN = re.compile(rb"""--|/\*|'|"|(?<![\w$\x80-\xff])\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$|\\|;|[()]""")
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
# What psql's lexer counts to know that a semicolon stands in the body of a function (psqlscan.l, BEGIN ATOMIC).
_MAKES_FUNCTION = re.compile(rb"\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE)\b", re.IGNORECASE)
_BLOCK_EDGE = re.compile(rb"(?<![\w$\x80-\xff])(?:BEGIN|CASE|END)(?![\w$\x80-\xff])", re.IGNORECASE)
_OPENS_TRANSACTION = re.compile(r"\s*(?:BEGIN|START\s+TRANSACTION)\b", re.IGNORECASE)
_ENDS_TRANSACTION = re.compile(
    r"\s*(?:COMMIT|END|ABORT|ROLLBACK|PREPARE\s+TRANSACTION)\b(?!\s+(?:(?:WORK|TRANSACTION)\s+)?TO\b)", re.IGNORECASE
)
_CHAINED = re.compile(r"\bAND\s+CHAIN\s*$", re.IGNORECASE)
_STRINGS = re.compile(
    r"\s*SET\s+(?:SESSION\s+|LOCAL\s+)?standard_conforming_strings\s*(?:=|TO)\s*'?(on|off|true|false|yes|no|1|0)'?\s*$",
    re.IGNORECASE,
)
_OWN_MARK = re.compile(rb"\\(?:un)?restrict [0-9A-Za-z]+\s*")  # as pg_dump writes it
END_OF_ROWS = (b"\\.\n", b"\\.\r\n", b"\\.")
# Encodings in which a backslash can be the second half of a character (PostgreSQL manual, 24.3.1: no server encodings).
_HALVES = {"sjis", "shift_jis_2004", "big5", "gbk", "uhc", "gb18030", "johab"}
_ENCODING = re.compile(r"\s*SET\s+client_encoding\s*(?:=|TO)\s*'?([\w-]+)", re.IGNORECASE)


@dataclass
class Facts:
    """What one plain dump holds. Lists keep the order of the file."""

    dumped_from: str = ""
    dumped_by: str = ""
    started: datetime | None = None
    windows: bool = False  # its lines end as on Windows
    owner: str | None = None
    encoding: str | None = None
    roles: dict[str, None] = field(default_factory=dict)
    extensions: dict[str, None] = field(default_factory=dict)
    tablespaces: dict[str, None] = field(default_factory=dict)
    tables: int = 0
    filled: dict[str, None] = field(default_factory=dict)
    inserts: bool = False
    relations: int = 0
    # Why a psql that can't be restricted must not run it; "": it may.
    only_restricted: str = ""
    # (schema, table), where rows come by COPY (tables > 0)
    made_without_rows: dict[tuple[str | None, str], None] = field(default_factory=dict)


class NotRestorable(ValueError):
    """Why psql must not be given this file: a sentence about the file, and what to do instead."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason, self.hint = reason, hint


class Cut(ValueError):
    """The file ends too early."""


@dataclass(frozen=True)
class Script:
    """A whole script: what stands in each database that it connects to (None: where psql begins), and beside it."""

    sections: Mapping[str | None, Facts]
    cluster: cluster.Cluster
    header: Facts
    lines_before: int = 0  # its header, that are no SQL


def scan(stream: BinaryIO) -> Script:
    """Read a script of pg_dump or pg_dumpall. Raises NotRestorable and Cut."""
    scanner = Scanner(by_pg_dump=True)
    before, script = _without_talk(stream)
    for line in script:
        scanner.line(line)
    try:
        scanner.end()
    except Cut as cut:
        if scanner.complete and scanner.complete == scanner.headers:
            raise NotRestorable(*_GOES_ON) from cut
        raise
    if not (scanner.headers or scanner.cluster.whole) and scanner.last_statement.upper() != _SUPABASE_ENDS:
        raise NotRestorable(*NO_HEADER)
    if scanner.complete < scanner.headers:
        raise Cut("the line 'PostgreSQL database dump complete' is missing")
    if scanner.cluster.whole and not scanner.cluster_complete:
        raise Cut("the line 'PostgreSQL database cluster dump complete' of pg_dumpall is missing")
    if len(scanner.sections) == 1 and scanner.makes_database:
        raise NotRestorable(*_OWN_DATABASE)
    if len(scanner.sections) > 1 and scanner.sections[None].relations:
        raise NotRestorable(*_BEFORE_CONNECTING)
    return Script(scanner.sections, scanner.cluster, scanner.header, before)


def check_script(stream: BinaryIO) -> None:
    """The same for a script by hand (a ``sql`` step), which need not have pg_dump's frame around it."""
    scanner = Scanner()
    for line in lines(stream):
        scanner.line(line)
    scanner.line(b";\n")  # psql runs the last statement without one, too
    scanner.end()


def lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream, longer ones in parts. A byte order mark is passed over, as psql does."""
    yield stream.readline(_LONGEST_LINE).removeprefix(BOM_UTF8)
    yield from iter(partial(stream.readline, _LONGEST_LINE), b"")


def dump_lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a dump, but for what a terminal or a tool in between said before its header."""
    return _without_talk(stream)[1]


def _without_talk(stream: BinaryIO) -> tuple[int, Iterator[bytes]]:
    """How many lines before the header are none of SQL's (a prompt, kubectl's notices), and the lines without them."""
    rest, first = lines(stream), list[bytes]()
    for line in rest:
        first.append(line)
        if len(first) > _MOST_TALK or b";" in line or line.startswith((b"COPY", b"\\")):
            break
        if line.rstrip() + b"\n" in (HEADER, cluster.CLUSTER_HEADER):
            comments = [one for one in first if one.startswith(b"--") or not one.strip()]
            return len(first) - len(comments), chain(comments, rest)
    return 0, chain(first, rest)


class Scanner:
    """psql's own lexer, as far as needed. ``_open`` names what the text is inside of, "" for a statement.

    ``by_pg_dump``: a COPY that pg_dump would not write like that is refused.
    """

    def __init__(self, *, by_pg_dump: bool = False) -> None:
        self.facts = self.header = Facts()
        self.sections: dict[str | None, Facts] = {None: self.facts}
        self.database: str | None = None  # that the script is connected to; None: as psql begins
        self.cluster = cluster.Cluster()
        self.headers = self.complete = 0
        self.cluster_complete = self.makes_database = False
        self.in_transaction = False
        self.last_statement = ""
        self._by_pg_dump = by_pg_dump
        self._open = b""
        self._depth = 0  # of nested comments
        self._parentheses = self._blocks = 0  # that are open: a semicolon in them ends nothing
        self._rows_of = ""  # the table whose COPY rows are being read
        self._statement = bytearray()
        self._number = 0  # of the line
        self._at_line_start = True  # whether the next part begins a line
        self._began_line = False  # whether the statement stands first in its line
        self._escapes = False  # standard_conforming_strings is off: a backslash escapes in every string
        self._unguarded = False  # a transaction was opened behind something else in its line

    @property
    def in_rows(self) -> bool:
        return bool(self._rows_of)

    @property
    def between_statements(self) -> bool:
        return not (self._rows_of or self._open or self._statement.strip())

    def end_rows(self) -> None:
        """Somebody else has read the rows."""
        self._rows_of = ""

    def line(self, line: bytes) -> None:
        begins, self._at_line_start = self._at_line_start, line.endswith(b"\n")
        self._number += begins
        if b"\0" in line:
            raise NotRestorable(f"holds a NUL byte in line {self._number}, where psql cuts it", "take the dump again")
        if self._rows_of:
            if begins and line in END_OF_ROWS:
                self._rows_of = ""
            return
        if begins and line.startswith(b"\\") and not _OWN_MARK.fullmatch(line):
            if self._by_pg_dump and self.between_statements:
                if cluster.is_before_connecting(line):
                    return
                if (name := cluster.target(line)) is not None:
                    self._connect(name)
                    return
            self._note("begins with a backslash")
        if not self._statement.strip():
            self._began_line = False
        if line.startswith(b"pg_dump: ") and begins and self._by_pg_dump and self.between_statements:
            raise NotRestorable(f"has a message of pg_dump's own in line {self._number}, not SQL", _APART)
        if self._open or self._statement:
            self._text(line)
        elif line.startswith(b"--"):
            self._comment(line)
        elif self._escapes or not _WHOLE_INSERT.fullmatch(line):
            self._text(line)
        else:
            self.facts.inserts = True

    def _connect(self, name: str) -> None:
        """Another session, in which nothing of the one before holds."""
        self.database = name
        self.facts = self.sections.setdefault(name, Facts())
        self._escapes = self.in_transaction = self._unguarded = False

    def end(self) -> None:
        if self._rows_of:
            raise Cut(f"it ends among the rows of {self._rows_of}")
        if self._open or self._statement.strip():
            raise Cut("it ends in the middle of a statement")

    def _note(self, what: str) -> None:
        self.facts.only_restricted = self.facts.only_restricted or f"line {self._number} {what}"

    def _comment(self, line: bytes) -> None:
        if line == HEADER or line == HEADER.replace(b"\n", b"\r\n"):
            self.headers += 1
            self.header.windows = line.endswith(b"\r\n")
        elif line.startswith(_COMPLETE):
            self.complete += 1
        elif line in (cluster.CLUSTER_HEADER, cluster.CLUSTER_HEADER.replace(b"\n", b"\r\n")):
            self.cluster.whole = True
        elif line.startswith(cluster.CLUSTER_COMPLETE):
            self.cluster_complete = True
        else:
            _read_header(line.decode("utf-8", "replace"), self.header)

    def _text(self, line: bytes) -> None:
        position = 0
        while position < len(line):
            position = self._inside(line, position) if self._open else self._outside(line, position)

    def _outside(self, line: bytes, position: int) -> int:
        """Go on to the next quote, comment, meta-command or end of statement; return where that leaves us."""
        token = _TOKEN.search(line, position)
        code = line[position : token.start() if token else len(line)]
        self._count_blocks(code)
        if not self._statement and code.strip():
            self._began_line = not line[:position].strip()
        if token is None:
            self._keep(line[position:])
            return len(line)
        self._keep(line[position : token.start()])
        text = token[0]
        if text == b"--":
            return len(line)
        if text in (b"(", b")"):
            self._parentheses = max(0, self._parentheses + (1 if text == b"(" else -1))
            self._keep(text)
            return token.end()
        if text == b";":
            if self._parentheses or self._blocks:
                self._keep(text)
            else:
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
        escapes = text == b"'" and (self._escapes or _ESCAPE_STRING.search(before[-3:]))
        self._open = b"E'" if escapes else text
        self._keep(text)

    def _count_blocks(self, code: bytes) -> None:
        if self._parentheses or not _MAKES_FUNCTION.match(bytes(self._statement[:200]) or code.lstrip()):
            return
        for edge in _BLOCK_EDGE.findall(code):
            word = edge.upper()
            if word == b"BEGIN" or (word == b"CASE" and self._blocks):
                self._blocks += 1
            elif word == b"END" and self._blocks:
                self._blocks -= 1

    def _inside(self, line: bytes, position: int) -> int:
        """Go on to the end of the quote or comment; a doubled quote just ends one and begins the next."""
        if self._open == b"/*":
            return self._in_comment(line, position)
        if self._open == b"E'":
            if (self.facts.encoding or "").lower() in _HALVES and re.search(rb"[\x80-\xff]\\", line[position:]):
                raise NotRestorable(
                    f"has a backslash within a character of {self.facts.encoding} in line {self._number}",
                    "take it again with pg_dump -E UTF8",
                )
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
        began_line, self._began_line = self._began_line, False
        self._statement.clear()
        self._follow(statement, began_line)
        self.last_statement = statement
        if copy := _COPY.match(statement):
            if self._by_pg_dump and (not began_line or self._unguarded):
                raise NotRestorable(
                    f"has a COPY in line {self._number} that does not begin its line, or the BEGIN before it does not",
                    "begin a line with it, or take the dump again with pg_dump",
                )
            self._rows_of = copy[1]
            self.facts.tables += 1
            if filled := statements.relation(statement):
                self.facts.filled[filled.name] = None
                self.facts.made_without_rows.pop((filled.schema, filled.name), None)
        elif _DATABASE.match(statement):
            if not (self._by_pg_dump and began_line):
                raise NotRestorable(*_OWN_DATABASE)
            self.makes_database = True
            self.cluster.read(statement)
        elif statement[:6].upper() == "INSERT":
            self.facts.inserts = True
        elif not self.cluster.read(statement):
            _read_statement(statement, self.facts)

    def _follow(self, statement: str, began_line: bool) -> None:
        """What the statement changes for those after it."""
        if strings := _STRINGS.match(statement):
            self._escapes = strings[1].lower() in ("off", "false", "no", "0")
        if "standard_conforming_strings" in statement.lower() and (not strings or self._escapes):
            self._note("changes standard_conforming_strings")
        if _OPENS_TRANSACTION.match(statement):
            self.in_transaction, self._unguarded = True, not began_line
        elif _ENDS_TRANSACTION.match(statement) and not _CHAINED.search(statement):
            self.in_transaction = self._unguarded = False


_OWN_DATABASE = (
    "creates and connects to a database of its own (pg_dump -C)",
    "take it again without -C / --create, so that it restores into the throwaway database",
)
_APART = "keep its messages apart: pg_dump --file=prod.sql, or no 2>&1, and no -t for docker exec and kubectl exec"
_GOES_ON = ("goes on after its last line, 'PostgreSQL database dump complete', with what is no SQL", _APART)
_BEFORE_CONNECTING = (
    "makes tables before it connects to a database of its own",
    "take the two apart: what stands before its first \\connect line, and what follows",
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
