"""zstd and lz4 files are walked block by block, and a cut one is found wherever it was cut."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import zstandard

from simulator.dumps import frames

# The rows of an empty table and a large object, as pg_dump 17 --format=directory --compress=lz4 wrote them.
LZ4 = ["04224d184040c0050000805c2e0a0a0a00000000", "04224d184040c00300008061626300000000"]


def _zstd(content: bytes, **parameters: Any) -> bytes:
    return zstandard.ZstdCompressor(**parameters).compress(content)


WHOLE = {
    "one frame": _zstd(b"row\t1\n" * 1000),
    "several blocks": _zstd(os.urandom(300_000)),
    "runs of one byte": _zstd(b"\0" * 1_000_000),
    "checksum, no size": _zstd(b"row\t1\n" * 9, write_checksum=True, write_content_size=False),
    "two frames": _zstd(b"a") + _zstd(b"b"),
    "lz4": bytes.fromhex(LZ4[0]),
    "lz4, not of rows": bytes.fromhex(LZ4[1]),
}


@pytest.mark.parametrize("content", WHOLE.values(), ids=list(WHOLE))
def test_whole_and_cut(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "1.dat.zst"
    path.write_bytes(content)
    frames.check(path)
    for end in {1, 5, 7, len(content) // 2 + 1, len(content) - 3, len(content) - 1}:
        path.write_bytes(content[:end])
        with pytest.raises((EOFError, ValueError)):
            frames.check(path)


def test_the_streamed_frames_of_pg_dump(tmp_path: Path) -> None:
    """A compressor that is fed piece by piece writes no size, and ends with an empty last block."""
    packer = zstandard.ZstdCompressor().compressobj()
    path = tmp_path / "1.dat.zst"
    path.write_bytes(b"".join([*(packer.compress(b"row\t1\n" * 5000) for _ in range(40)), packer.flush()]))
    frames.check(path)


def test_something_else(tmp_path: Path) -> None:
    path = tmp_path / "1.dat.zst"
    path.write_bytes(b"1\tplain\n\\.\n")
    with pytest.raises(ValueError, match="damaged"):
        frames.check(path)
