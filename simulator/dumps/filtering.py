"""A plain dump as psql is given it: guarded, of one database, and without roles and some extensions with their rows."""

from __future__ import annotations

import io
import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import BinaryIO

from simulator.dumps import cluster, statements
from simulator.dumps.plain import END_OF_ROWS, Scanner, dump_lines

_FIRST_OF_BESIDE = frozenset(bytes([first]) for first in b"\\CDAGRScdagrs \t")
_STARTS = (b"CREATE EXTENSION ", b"COMMENT ON EXTENSION ")


# From here on an error ends the session, and with it psql (PostgreSQL manual, 20.13: exit_on_error).
_END_AT_ERROR, _GO_ON = b"SET exit_on_error = on;\n", b"SET exit_on_error = off;\n"
_GUARDED = re.compile(rb"\s*(?:COPY|BEGIN|START\s+TRANSACTION)\b", re.IGNORECASE)
_END_OF_ROWS = re.compile(rb"\n\\\.\r?\n")
_FEW = 50  # rows that are read one by one, before it is worth to look for the end of many
_PART = 1 << 20


def for_psql(
    stream: io.BufferedReader,
    first: bytes,
    without: tuple[str, ...] = (),
    schemas: Collection[str] = (),
    database: str | None = None,
) -> io.BufferedReader:
    """The script of a dump after ``first``, but for CREATE EXTENSION and COMMENT ON EXTENSION of those ``without``,
    for the rows of tables in ``schemas``, and for what is about roles or databases as a whole.

    Of a script that connects to databases it is what stands in that one.

    psql takes the rows of a COPY that the server refused as statements. So the first COPY that fails ends the session,
    as any error in a transaction of the script's own does: nothing after it is sent. pg_dump writes each statement
    about an extension on a line, but for a comment of several lines, which is let through.
    """
    return io.BufferedReader(_Parts(_guarded(stream, first, without, frozenset(schemas), database)), _PART)


def after(first: bytes, stream: BinaryIO) -> io.BufferedReader:
    """The stream behind some bytes."""
    return io.BufferedReader(_Parts(chain([first], iter(partial(stream.read, _PART), b""))), _PART)


def _guarded(
    stream: io.BufferedReader, first: bytes, without: tuple[str, ...], schemas: frozenset[str], database: str | None
) -> Iterator[bytes]:
    yield first
    scanner, guarded, beside = Scanner(by_pg_dump=True), False, False
    for line in dump_lines(stream):
        if scanner.between_statements:
            beside = _is_beside(line)
            if without and _is_about(line, without):
                continue
            if schemas and _are_rows_in(line, schemas):
                yield from _passed_over(stream)
                continue
        wanted = not beside and scanner.database == database
        if scanner.between_statements and wanted and not guarded and _GUARDED.match(line):
            guarded = True
            yield _END_AT_ERROR
        scanner.line(line)
        if wanted:
            yield line
        if scanner.in_rows:
            yield from _rows(stream) if wanted else _passed_over(stream)
            scanner.end_rows()
        if guarded and scanner.between_statements and not scanner.in_transaction:
            guarded = False
            yield _GO_ON


def _is_beside(line: bytes) -> bool:
    r"""Whether a statement about roles or databases, or a ``\connect``, begins here."""
    if line[:1] not in _FIRST_OF_BESIDE:  # nearly every line
        return False
    if cluster.target(line) is not None or cluster.is_before_connecting(line):
        return True
    return cluster.may_begin(line) and cluster.is_beside(line.decode("utf-8", "replace").rstrip().rstrip(";"))


def _passed_over(stream: io.BufferedReader) -> Iterator[bytes]:
    deque(_rows(stream), maxlen=0)
    yield from ()


def _rows(stream: io.BufferedReader) -> Iterator[bytes]:
    """Up to the line that ends the rows, with it."""
    for _ in range(_FEW):
        line = stream.readline()
        yield line
        if not line or line in END_OF_ROWS:
            return
    before = b"\n"
    while part := stream.peek():
        # A mark that began in the part before is looked for in a few bytes, so that no part is copied for it.
        across = _END_OF_ROWS.search(before + part[: len(before)])
        end = across.end() - len(before) if across else -1
        if end < 0 and (within := _END_OF_ROWS.search(part)):
            end = within.end()
        yield stream.read(len(part) if end < 0 else end)
        if end >= 0:
            return
        before = part[-4:] if len(part) > 3 else (before + part)[-4:]


def _is_about(line: bytes, extensions: tuple[str, ...]) -> bool:
    whole = line.startswith(_STARTS) and line.rstrip().endswith(b";")
    return whole and statements.extension(line.decode("utf-8", "replace")) in extensions


def _are_rows_in(line: bytes, schemas: frozenset[str]) -> bool:
    if not line.startswith(b"COPY ") or not line.rstrip().endswith(b" FROM stdin;"):
        return False
    table = statements.relation(line.decode("utf-8", "replace"))
    return table is not None and table.schema in schemas


class _Parts(io.RawIOBase):
    """Parts as a stream of bytes."""

    def __init__(self, source: Iterable[bytes]) -> None:
        self._source = filter(None, source)  # an empty part would be the end
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if not self._rest:
            self._rest = memoryview(next(self._source, b""))
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
