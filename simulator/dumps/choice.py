"""Which of several dumps is meant, and whether it is fresh enough."""

from __future__ import annotations

import glob
import hashlib
from datetime import datetime, timedelta
from pathlib import Path

from simulator.dumps.reading import moment_of
from simulator.errors import CannotTell, UsageError
from simulator.wording import age

# An archive's header tells the local time of a machine whose zone it does not name, and pg_dump needs hours for
# a large one. Only a file younger than that by more was copied or fetched later, and then the header is right.
_ZONES_AND_DURATION = timedelta(hours=16)
_CHUNK = 1 << 20


def choose(pattern: str, root: Path, newest: bool, max_age_seconds: float | None, now: datetime) -> Path:
    """The dump that a path or glob, relative to ``root``, stands for.

    Raises CannotTell when nothing matches or the chosen one is older than ``max_age_seconds``, UsageError when
    several match and none is asked for.
    """
    found = _matches(pattern, root)
    if not found:
        raise CannotTell(f"no dump matches {pattern} in {root}", f"see what there is: ls {(root / pattern).parent}")
    if len(found) > 1 and not newest:
        raise UsageError(f"{pattern} matches {len(found)} dumps in {root}", "name one, or add `newest: true`")
    chosen = found[0] if len(found) == 1 else max(found, key=lambda path: (taken(path), _modified(path), path))
    _refuse_stale(chosen, max_age_seconds, now)
    return chosen


def taken(path: Path) -> datetime:
    """When the dump was taken: when its file was written, or before, where its own header says so."""
    modified = _modified(path)
    header = moment_of(path)
    if header is None or modified - header <= _ZONES_AND_DURATION:
        return modified
    return header


def sha256(path: Path) -> str:
    """The checksum of a file; of a directory dump, over the names and contents of its files in order."""
    digest = hashlib.sha256()
    if path.is_file():
        _feed(digest, path)
        return digest.hexdigest()
    for file in sorted(path.iterdir()):
        if file.is_file():
            digest.update(file.name.encode() + b"\0")
            _feed(digest, file)
    return digest.hexdigest()


def _matches(pattern: str, root: Path) -> list[Path]:
    """A plain path counts even where it does not exist, so that reading it can say which file is near."""
    if not glob.has_magic(pattern):
        return [root / pattern]
    paths = [root / name for name in glob.glob(pattern, root_dir=root, recursive=True)]
    return [path for path in paths if path.is_file() or (path / "toc.dat").is_file()]


def _modified(path: Path) -> datetime:
    seconds = (path / "toc.dat" if path.is_dir() else path).stat().st_mtime
    return datetime.fromtimestamp(seconds).astimezone()


def _refuse_stale(path: Path, max_age_seconds: float | None, now: datetime) -> None:
    if max_age_seconds is None or not path.exists():  # reading a missing one says so, and what is near
        return
    old = (now - taken(path)).total_seconds()
    if old > max_age_seconds:
        raise CannotTell(
            f"{path} was taken {age(old)} ago; max_age is {age(max_age_seconds)}",
            "see why no newer dump has arrived, or raise max_age",
        )


def _feed(digest: hashlib._Hash, path: Path) -> None:
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
