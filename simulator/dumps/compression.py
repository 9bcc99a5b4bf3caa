"""Opens a dump's file as the bytes inside: what packed it is told by its first bytes, not by its name."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Literal, cast

import zstandard

Compression = Literal["none", "gzip", "bzip2", "xz", "zstd", "zip"]

_MAGIC: tuple[tuple[bytes, Compression], ...] = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"BZh", "bzip2"),
    (b"PK\x03\x04", "zip"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
BUFFER = 1 << 20
# What the decompressors raise on damaged or cut input.
DAMAGE = (EOFError, gzip.BadGzipFile, lzma.LZMAError, zipfile.BadZipFile, zlib.error, zstandard.ZstdError)


class NotOneFile(ValueError):
    """A zip that holds something else than one file that can be read."""


def recognise(head: bytes) -> Compression:
    """Which compression a file's first bytes announce."""
    return next((name for magic, name in _MAGIC if head.startswith(magic)), "none")


def open_inside(path: Path, compression: Compression, read: Callable[[int], None] | None = None) -> io.BufferedReader:
    """The decompressed stream of a file. Cut or damaged input raises one of DAMAGE while it is read.

    ``read`` is told how many bytes of the file itself have been read so far.
    """
    raw = path.open("rb", buffering=0) if read is None else _Metered(path, read)
    file: io.BufferedReader = io.BufferedReader(cast(io.RawIOBase, raw), BUFFER)
    if compression == "none":
        return file
    if compression == "zip":
        try:
            return io.BufferedReader(_Owning(_only_member(file), file), BUFFER)
        except BaseException:
            file.close()
            raise
    return io.BufferedReader(_Owning(_decompressed(file, compression), file), BUFFER)


def _decompressed(file: io.BufferedReader, compression: Compression) -> BinaryIO:
    if compression == "gzip":
        return cast(BinaryIO, gzip.GzipFile(fileobj=file))
    if compression == "bzip2":
        return cast(BinaryIO, bz2.BZ2File(file))
    if compression == "xz":
        return cast(BinaryIO, lzma.LZMAFile(file))
    return cast(BinaryIO, _Zstandard(file))


def _only_member(file: io.BufferedReader) -> BinaryIO:
    try:
        with_dump = zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise EOFError("a zip archive ends with the list of its files, which is missing") from error
    # macOS adds what it knows of a file.
    found = [one for one in with_dump.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")]
    if len(found) != 1:
        raise NotOneFile(f"is a zip archive of {len(found)} files")
    if found[0].flag_bits & 1:
        raise NotOneFile("is a zip archive with a password")
    try:
        return cast(BinaryIO, with_dump.open(found[0]))
    except NotImplementedError as error:
        raise NotOneFile(f"is a zip archive that can't be read here ({error})") from error


class _Metered(io.FileIO):
    """A file that says how far it was read."""

    def __init__(self, path: Path, read: Callable[[int], None]) -> None:
        super().__init__(path, "rb")
        self._report = read

    def readinto(self, buffer: bytearray | memoryview) -> int | None:  # type: ignore[override]
        count = super().readinto(buffer)
        self._report(self.tell())
        return count


class _Owning(io.RawIOBase):
    """A decompressor and the file below it, closed together."""

    def __init__(self, inner: BinaryIO, file: io.BufferedReader) -> None:
        self._inner, self._file = inner, file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._inner.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._inner.close()
        self._file.close()
        super().close()


class _Zstandard(io.RawIOBase):
    """All frames of a zstd file. zstandard's own reader ends silently where the file was cut."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._rest = b""
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._ready:
            if not self._fill():
                return 0
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _fill(self) -> bool:
        chunk = self._rest or self._file.read(BUFFER)
        self._rest = b""
        if not chunk:
            if self._frame is not None:
                raise EOFError("the zstd frame is cut")
            return False
        frame = self._frame or zstandard.ZstdDecompressor().decompressobj()
        self._ready = memoryview(frame.decompress(chunk))
        self._rest = frame.unused_data if frame.eof else b""
        self._frame = None if frame.eof else frame
        return True
