"""A tar stream of files and folders, made while it is sent: a dump of 200 GB never sits in memory."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from simulator.host import process

CHUNK = 1 << 18
# What a project's code never needs from its tree, and what only fits the machine it was made on.
UNNEEDED = frozenset({".git", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".tox"})
LARGE = 20 << 20  # a file of that many bytes goes along only if git does not ignore it (dumps, media, logs)
END = bytes(2 * tarfile.BLOCKSIZE)

Owner = tuple[int, int]  # numeric uid and gid, as they are in the container
Unwanted = Callable[[os.DirEntry[str]], bool]
ROOT: Owner = (0, 0)


def of_path(source: Path, name: str, owner: Owner = ROOT) -> Iterator[bytes]:
    """One file or folder, whole, as ``name``."""
    return _joined(_walk(source, name, owner, lambda _entry: False))


def of_tree(source: Path, name: str, owner: Owner) -> Iterator[bytes]:
    """A project's tree as ``name``, without what its code does not need there."""
    ignored = _large_and_ignored(source)
    return _joined(_walk(source, name, owner, lambda entry: entry.path in ignored or _is_unneeded(entry)))


def of_folders(names: Iterable[str], owner: Owner = ROOT) -> Iterator[bytes]:
    """Empty folders."""
    for name in names:
        yield _header(name, tarfile.DIRTYPE, 0o755, owner=owner)
    yield END


def of_contents(files: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """Small files by their names, with the folders above them."""
    made: set[str] = set()
    for name, content in files:
        above = [str(folder) for folder in reversed(Path(name).parents)][1:]
        for folder in above:
            if folder not in made:
                made.add(folder)
                yield _header(folder, tarfile.DIRTYPE, 0o755)
        yield _header(name, tarfile.REGTYPE, 0o644, len(content)) + content + _padding(len(content))
    yield END


def of_stream(name: str, content: BinaryIO, size: int) -> Iterator[bytes]:
    """One file whose content is read while it is sent."""
    yield _header(name, tarfile.REGTYPE, 0o644, size)
    yield from _content(content, size)
    yield END


def _walk(source: Path, name: str, owner: Owner, unwanted: Unwanted) -> Iterator[bytes]:
    facts = source.stat()  # of the top, the file that a link leads to; below it, links stay links
    yield from _entry(source, name, facts, owner)
    if stat.S_ISDIR(facts.st_mode):
        yield from _children(source, name, owner, unwanted)


def _children(folder: Path, name: str, owner: Owner, unwanted: Unwanted) -> Iterator[bytes]:
    with os.scandir(folder) as entries:
        wanted = sorted((entry for entry in entries if not unwanted(entry)), key=lambda entry: entry.name)
    for entry in wanted:
        path, inside = Path(entry.path), f"{name}/{entry.name}"
        yield from _entry(path, inside, entry.stat(follow_symlinks=False), owner)
        if entry.is_dir(follow_symlinks=False):
            yield from _children(path, inside, owner, unwanted)


def _entry(path: Path, name: str, facts: os.stat_result, owner: Owner) -> Iterator[bytes]:
    mode, modified = stat.S_IMODE(facts.st_mode), facts.st_mtime
    if stat.S_ISDIR(facts.st_mode):
        yield _header(name, tarfile.DIRTYPE, mode | 0o700, modified=modified, owner=owner)
    elif stat.S_ISLNK(facts.st_mode):
        yield _header(name, tarfile.SYMTYPE, mode, modified=modified, owner=owner, target=os.readlink(path))
    elif stat.S_ISREG(facts.st_mode):
        with path.open("rb") as content:
            yield _header(name, tarfile.REGTYPE, mode | 0o600, facts.st_size, modified=modified, owner=owner)
            yield from _content(content, facts.st_size)


def _content(content: BinaryIO, size: int) -> Iterator[bytes]:
    """Exactly ``size`` bytes and the padding; a file that shrinks meanwhile is filled up, or the tar would break."""
    left = size
    while left and (chunk := content.read(min(CHUNK, left))):
        left -= len(chunk)
        yield chunk
    while left:
        part = min(CHUNK, left)
        left -= part
        yield bytes(part)
    yield _padding(size)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)


def _header(
    name: str, kind: bytes, mode: int, size: int = 0, *, modified: float = 0, owner: Owner = ROOT, target: str = ""
) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.size, info.mtime, info.linkname = kind, mode, size, int(modified), target
    info.uid, info.gid = owner
    return info.tobuf(format=tarfile.PAX_FORMAT)


def _joined(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts in pieces of a decent size, and the archive's end."""
    buffer = bytearray()
    for part in parts:
        buffer += part
        if len(buffer) >= CHUNK:
            yield bytes(buffer)
            buffer.clear()
    yield bytes(buffer) + END


def _is_unneeded(entry: os.DirEntry[str]) -> bool:
    if entry.name in UNNEEDED:
        return True
    return entry.is_dir(follow_symlinks=False) and os.path.exists(os.path.join(entry.path, "pyvenv.cfg"))


def _large_and_ignored(source: Path) -> frozenset[str]:
    """The large files of a tree that git ignores; none where there is no git."""
    large = [path for path in _files(source) if os.lstat(path).st_size > LARGE]
    if not large:
        return frozenset()
    try:
        listed = io.BytesIO("\0".join(large).encode(errors="surrogateescape"))
        said = process.run(["git", "check-ignore", "-z", "--stdin"], cwd=str(source), stdin=listed)
    except FileNotFoundError:
        return frozenset()
    return frozenset(said.stdout.split("\0")) - {""}


def _files(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if _is_unneeded(entry):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path))
            else:
                yield entry.path
