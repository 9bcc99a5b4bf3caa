"""A plain dump without the statements about some extensions."""

from __future__ import annotations

import io
from collections.abc import Iterator

from simulator import statements
from simulator.dumps.plain import lines

_STARTS = (b"CREATE EXTENSION ", b"COMMENT ON EXTENSION ")


def without_extensions(stream: io.BufferedReader, extensions: tuple[str, ...]) -> io.BufferedReader:
    """The same script, but for CREATE EXTENSION and COMMENT ON EXTENSION of those.

    pg_dump writes each on a line, but for a comment of several lines, which is let through.
    """
    return io.BufferedReader(_Lines(line for line in lines(stream) if not _is_about(line, extensions)))


def _is_about(line: bytes, extensions: tuple[str, ...]) -> bool:
    whole = line.startswith(_STARTS) and line.rstrip().endswith(b";")
    return whole and statements.extension(line.decode("utf-8", "replace")) in extensions


class _Lines(io.RawIOBase):
    """Lines as a stream of bytes."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
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
