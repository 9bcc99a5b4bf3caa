"""Whether a zstd or lz4 file is whole, told by the lengths of its blocks: nothing is decompressed.

pg_restore (17, 18) takes a cut data file of either kind for the end of the table. Layouts: RFC 8878 (zstd), and the
LZ4 frame format 1.6.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

_ZSTD, _LZ4 = b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18"
_RUN_LENGTH_BLOCK = 1  # zstd: one byte stands for the whole block


def check(file: Path) -> None:
    """Walk every frame of the file. Raises EOFError where it is cut, ValueError where it is neither kind."""
    with file.open("rb") as stream:
        while magic := stream.read(4):
            if magic not in _WALKERS:
                raise ValueError(f"{file.name} is damaged")
            if not _is_whole(stream, _WALKERS[magic], file.stat().st_size):
                raise EOFError(f"{file.name} is cut")


def _is_whole(stream: BinaryIO, walk: Callable[[BinaryIO], None], size: int) -> bool:
    try:
        walk(stream)
    except EOFError:
        return False
    return stream.tell() <= size


def _walk_zstd(stream: BinaryIO) -> None:
    descriptor = _number(stream, 1)
    single_segment, checksum = descriptor & 0x20, descriptor & 0x04
    content_size = (1 if single_segment else 0, 2, 4, 8)[descriptor >> 6]
    _skip(stream, (0 if single_segment else 1) + (0, 1, 2, 4)[descriptor & 3] + content_size)
    last = 0
    while not last:
        block = _number(stream, 3)
        last, kind, size = block & 1, block >> 1 & 3, block >> 3
        _skip(stream, 1 if kind == _RUN_LENGTH_BLOCK else size)
    _skip(stream, 4 if checksum else 0)


def _walk_lz4(stream: BinaryIO) -> None:
    flags = _number(stream, 1)
    block_checksum, content_size, checksum, dictionary = flags & 0x10, flags & 0x08, flags & 0x04, flags & 0x01
    _skip(stream, 1 + (8 if content_size else 0) + (4 if dictionary else 0) + 1)
    while block := _number(stream, 4):
        _skip(stream, (block & 0x7FFFFFFF) + (4 if block_checksum else 0))
    _skip(stream, 4 if checksum else 0)


def _skip(stream: BinaryIO, count: int) -> None:
    stream.seek(count, io.SEEK_CUR)


def _number(stream: BinaryIO, size: int) -> int:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return int.from_bytes(data, "little")


_WALKERS: Mapping[bytes, Callable[[BinaryIO], None]] = {_ZSTD: _walk_zstd, _LZ4: _walk_lz4}
