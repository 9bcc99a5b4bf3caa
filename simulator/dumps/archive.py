"""A pg_dump archive's header and table of contents, and whether its data is all there.

The layout is that of PostgreSQL's pg_backup_archiver.c (ReadHead, ReadToc), pg_backup_custom.c,
pg_backup_directory.c and pg_backup_tar.c, for archive versions 1.12 (PostgreSQL 9.0) to 1.16 (17 and 18).
Everything here raises EOFError where the archive is cut and ValueError where it makes no sense.
"""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from simulator.dumps import frames

MAGIC = b"PGDMP"
OLDEST, NEWEST = (1, 12), (1, 16)
# sizeof(int) and sizeof(off_t) wherever PostgreSQL runs today; the header repeats them.
_INTEGER_SIZE, _OFFSET_SIZE = 4, 8
# Bytes that the header's "format" stands for.
_FORMATS = {1: "custom", 3: "tar", 5: "directory"}
_NO_DATA = 3  # an entry's offset flag, custom format: it never had any
_ROWS, _LARGE_OBJECTS = 1, 3  # kinds of data block, custom format
_LONGEST_STRING = 1 << 30  # a definition can't be longer than the server's own limit for one value
_SUFFIXES = ("", ".gz", ".lz4", ".zst")
# How the rows of one table end in an uncompressed data file.
_END_OF_ROWS = b"\\."


class UnknownVersion(ValueError):
    """An archive version that this module does not read."""


@dataclass(frozen=True)
class Entry:
    """One entry of the table of contents. ``kind`` is pg_dump's own word (TABLE, TABLE DATA, ACL ...)."""

    id: int
    kind: str
    tag: str
    schema: str
    owner: str
    tablespace: str
    definition: str
    rows: bool  # its data is COPY text
    data: bool  # data must follow
    file: str  # of a directory or tar archive; "" where there is none


@dataclass(frozen=True)
class Contents:
    """An archive's header and table of contents."""

    version: tuple[int, int]
    format: str
    created: datetime | None  # in the dumping machine's own time zone, which the archive does not tell
    dumped_from: str
    dumped_by: str
    entries: tuple[Entry, ...]


def read(stream: BinaryIO) -> Contents:
    """Read a header and table of contents; the stream is left at the first data block."""
    reader = _Reader(stream)
    version, format_ = reader.head()
    created = reader.moment()
    reader.string()  # the database's name
    dumped_from, dumped_by = reader.string(), reader.string()
    count = reader.integer()
    if count < 0:
        raise ValueError("negative number of entries")
    entries = tuple(reader.entry(version, format_) for _ in range(count))
    return Contents(version, format_, created, dumped_from, dumped_by, entries)


def check_custom(stream: BinaryIO, contents: Contents, size: int | None) -> None:
    """Walk the data blocks to the end. ``size`` is the file's; None: the stream can't seek, so it is read."""
    reader = _Reader(stream, size)
    found = set()
    while kind := stream.read(1):
        found.add(reader.integer())
        if kind[0] == _ROWS:
            reader.skip_chunks()
        elif kind[0] == _LARGE_OBJECTS:
            while reader.integer():
                reader.skip_chunks()
        else:
            raise ValueError(f"unknown data block {kind[0]}")
    missing = [entry for entry in contents.entries if entry.data and entry.id not in found]
    if missing:
        raise EOFError(f"the data of {missing[0].tag} is missing")


def check_directory(folder: Path, contents: Contents) -> None:
    """Every data file that the table of contents names is there and whole.

    But for gzip, which would have to be decompressed: pg_restore itself stops at a cut one.
    """
    for entry in contents.entries:
        if not entry.file:
            continue
        file = _existing(folder, entry.file)
        if file is None:
            raise EOFError(f"{entry.file} ({entry.kind} {entry.tag}) is missing")
        if entry.rows and file.name == entry.file and not _ends_like_rows(file):
            raise EOFError(f"{entry.file} (rows of {entry.tag}) is cut")
        _check_frames(file)
        if entry.kind == "BLOBS":
            _check_large_objects(folder, file)


def read_tar(stream: BinaryIO, seekable: bool) -> Contents:
    """Read a tar archive whole: its table of contents, and that every member follows."""
    try:
        with tarfile.open(fileobj=stream, mode="r:" if seekable else "r|") as tar:
            first = tar.next()
            toc = tar.extractfile(first) if first else None
            if toc is None:
                raise EOFError("no first member")
            contents = read(io.BytesIO(toc.read()))
            members = {member.name for member in tar}
    except tarfile.ReadError as error:
        raise EOFError(str(error)) from error
    missing = [entry.file for entry in contents.entries if entry.file and not _is_member(entry, members)]
    if missing or "restore.sql" not in members:  # pg_dump writes restore.sql last
        raise EOFError(f"its member {missing[0] if missing else 'restore.sql'} is missing")
    return contents


def _is_member(entry: Entry, members: set[str]) -> bool:
    """Large objects are listed in blobs.toc (since 17 in one for each entry), whatever their entry's file is called."""
    return any(name.startswith("blobs") for name in members) if entry.kind == "BLOBS" else entry.file in members


def _existing(folder: Path, name: str) -> Path | None:
    candidates = (folder / f"{name}{suffix}" for suffix in _SUFFIXES)
    return next((path for path in candidates if path.is_file()), None)


def _ends_like_rows(file: Path) -> bool:
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - 16))
        return stream.read().rstrip(b"\n").endswith(_END_OF_ROWS)


def _check_large_objects(folder: Path, listing: Path) -> None:
    for line in listing.read_text("utf-8", "replace").splitlines():
        _, _, name = line.partition(" ")
        file = _existing(folder, name) if name else None
        if file is None:
            raise EOFError(f"{name} (large object) is missing")
        _check_frames(file)


def _check_frames(file: Path) -> None:
    if file.suffix in {".zst", ".lz4"}:
        frames.check(file)


class _Reader:
    """pg_dump's own encodings of numbers and strings. Their sizes come from the header."""

    def __init__(self, stream: BinaryIO, size: int | None = None) -> None:
        self._stream = stream
        self._size = size

    def head(self) -> tuple[tuple[int, int], str]:
        if self._exactly(5) != MAGIC:
            raise ValueError("not an archive")
        major, minor, _revision = self._exactly(3)
        version = (major, minor)
        if not OLDEST <= version <= NEWEST:
            raise UnknownVersion(f"{major}.{minor}")
        integer_size, offset_size, format_ = self._exactly(3)
        if (integer_size, offset_size) != (_INTEGER_SIZE, _OFFSET_SIZE) or format_ not in _FORMATS:
            raise ValueError("impossible sizes in the header")
        if version >= (1, 15):
            self._exactly(1)  # the compression's name
        else:
            self.integer()  # the compression's level
        return version, _FORMATS[format_]

    def moment(self) -> datetime | None:
        second, minute, hour, day, month, year, _summer = (self.integer() for _ in range(7))
        try:
            return datetime(year + 1900, month + 1, day, hour, minute, min(second, 59))
        except (ValueError, OverflowError):
            return None

    def entry(self, version: tuple[int, int], format_: str) -> Entry:
        id_, had_dumper = self.integer(), self.integer()
        if id_ <= 0:
            raise ValueError("an entry without a number")
        self.string(), self.string()  # the object's oids
        tag, kind = self.string(), self.string()
        self.integer()  # section
        definition = self.string()
        self.string()  # its DROP
        copy, schema, tablespace = self.string(), self.string(), self.string()
        if version >= (1, 14):
            self.string()  # table access method
        if version >= (1, 16):
            self.integer()  # relkind
        owner = self.string()
        self.string()  # with oids
        while self._string() is not None:
            pass  # dependencies
        if format_ == "custom":
            flag = self._exactly(1 + _OFFSET_SIZE)[0]
            data, file = flag != _NO_DATA, ""
        else:
            file = self.string()
            data = bool(had_dumper)
        return Entry(id_, kind, tag, schema, owner, tablespace, definition, bool(copy), data, file)

    def skip_chunks(self) -> None:
        """Skip length-prefixed chunks up to the empty one."""
        while length := self.integer():
            if length < 0:
                raise ValueError("negative length")
            self._skip(length)

    def integer(self) -> int:
        data = self._exactly(1 + _INTEGER_SIZE)
        value = int.from_bytes(data[1:], "little")
        return -value if data[0] else value

    def string(self) -> str:
        """A string; a null one is empty."""
        return self._string() or ""

    def _string(self) -> str | None:
        length = self.integer()
        if length < 0:
            return None
        if length > _LONGEST_STRING:
            raise ValueError("impossible length of a string")
        return self._exactly(length).decode("utf-8", "replace")

    def _exactly(self, count: int) -> bytes:
        data = self._stream.read(count)
        if len(data) < count:
            raise EOFError("ends in the middle")
        return data

    def _skip(self, count: int) -> None:
        if self._size is None:
            self._exactly(count)
        elif self._stream.seek(count, io.SEEK_CUR) > self._size:
            raise EOFError("ends in the middle of a table's data")
