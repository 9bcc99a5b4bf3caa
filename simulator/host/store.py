"""What migsim keeps on this machine: runs with their ledgers, and caches.

A run is a folder. Its ``lock`` is held (flock) for as long as the process lives, so a dead run is one whose
lock can be taken: no guess from process numbers. Its ``ledger.jsonl`` names each thing *before* it is created,
so whatever a kill -9 leaves behind is known to the next start.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from simulator.errors import CannotTell

_RUN = re.compile(r"[0-9a-f]{10}")  # what ``open_run`` calls its folders
_OPENED: set[Path] = set()  # the folders of this process's runs, but for those that were kept


@dataclass(frozen=True)
class Run:
    """One live run: its id, its private folder, its ledger."""

    id: str
    folder: Path
    keep: bool = False  # --keep: what it made outlives it, until ``migsim clean``
    # Called before what takes long, with a line for who waits. May raise, where it is known to come to nothing.
    tell: Callable[[str], None] = lambda _text: None

    def record(self, kind: str, **facts: str) -> None:
        """Write down a thing that is about to be created. ``kind`` tells which engine knows how to remove it."""
        line = json.dumps({"kind": kind, **facts}) + "\n"
        with (self.folder / "ledger.jsonl").open("a") as ledger:
            ledger.write(line)
            ledger.flush()
            os.fsync(ledger.fileno())


def runs_folder() -> Path:
    """Where runs live: on a disk (not a tmpfs), with a short path (a socket's path has 107 bytes), enterable
    by the unprivileged user that PostgreSQL runs as. ``MIGSIM_RUNS`` names another."""
    base = os.environ.get("MIGSIM_RUNS")
    if base:
        return Path(base).resolve()
    var_tmp = Path("/var/tmp")
    parent = var_tmp if os.access(var_tmp, os.W_OK) else Path(tempfile.gettempdir())
    return parent / f"migsim-{os.getuid()}"


def cache_folder() -> Path:
    """Where what is slow to make again is kept. ``MIGSIM_CACHE`` names another place."""
    base = os.environ.get("MIGSIM_CACHE")
    if base:
        return Path(base).resolve()
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(home) / "migsim"


@contextlib.contextmanager
def open_run(*, keep: bool = False) -> Iterator[Run]:
    """A fresh run, locked while it lives. Its folder goes at the end, unless it comes there and is kept."""
    runs = _private(runs_folder())
    name = secrets.token_hex(5)
    folder = runs / name
    run = Run(id=name, folder=folder, keep=keep)
    # Made under the lock of the parent, or a sweep could take the folder between its birth and its lock.
    with _locked(runs / ".lock"):
        folder.mkdir(mode=0o700)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
    _OPENED.add(folder)
    finished = False
    try:
        yield run
        finished = True
    finally:
        if keep and finished:
            (folder / "kept").touch()
            _OPENED.discard(folder)
        else:
            remove_tree(folder)
        os.close(lock)


def left_by_this_process() -> list[Path]:
    """The folders of its runs that could not be removed at their end."""
    return sorted(folder for folder in _OPENED if folder.exists())


def sweep(remove: Callable[[Mapping[str, str]], bool], *, kept: bool = False) -> list[str]:
    """Remove what dead runs left; return a line for each thing that could not be removed yet.

    ``remove`` gets each ledger entry, newest first, and says whether it is gone. ``kept`` takes runs that
    ended with ``--keep`` too.
    """
    runs = runs_folder()
    if not runs.is_dir():
        return []
    left: list[str] = []
    dead: list[Path] = []
    with _locked(runs / ".lock"):
        for folder in _runs_in(runs):
            try:
                dead += [folder] if _is_dead(folder) else []
            except OSError as error:  # one that can't be looked at keeps no other from being removed
                left.append(f"run {folder.name}: {error.strerror}: {error.filename}")
    for folder in dead:
        if (folder / "kept").exists() and not kept:
            continue
        entries = read_ledger(folder)
        remaining = [entry for entry in reversed(entries) if not remove(entry)]
        if remaining:
            left.extend(f"{entry['kind']} {entry.get('name', '')} of run {folder.name}" for entry in remaining)
        else:
            remove_tree(folder)
    return left


def live_runs() -> list[str]:
    """The ids of the runs that are going on."""
    runs = runs_folder()
    if not runs.is_dir():
        return []
    living = []
    with _locked(runs / ".lock"):
        for folder in _runs_in(runs):
            with contextlib.suppress(OSError):  # a sweep names it
                living += [] if _is_dead(folder) else [folder.name]
    return living


def read_ledger(folder: Path) -> list[dict[str, str]]:
    """The things a run wrote down. A last line cut by a kill named nothing that exists yet; a torn one is no entry."""
    entries = []
    with contextlib.suppress(FileNotFoundError):
        for line in (folder / "ledger.jsonl").read_bytes().splitlines():
            with contextlib.suppress(ValueError):  # no UTF-8, or no JSON
                entry = json.loads(line)
                if isinstance(entry, dict) and isinstance(entry.get("kind"), str):
                    entries.append(entry)
    return entries


def remove_tree(folder: Path) -> None:
    """Remove a folder, also where something in it was made unreadable."""

    def open_and_retry(_function: Callable[..., object], name: str, _error: BaseException) -> None:
        path = Path(name)
        is_folder = path.is_dir() and not path.is_symlink()
        closed = [one for one in (path.parent, *([path] if is_folder else [])) if not os.access(one, os.W_OK | os.X_OK)]
        with contextlib.suppress(OSError):
            for one in closed:
                one.chmod(0o700)
            if closed and is_folder:
                remove_tree(path)
            elif closed:
                path.unlink()

    if sys.version_info >= (3, 12):
        shutil.rmtree(folder, onexc=open_and_retry)
    else:
        shutil.rmtree(folder, onerror=lambda f, p, e: open_and_retry(f, p, e[1]))


@contextlib.contextmanager
def cached(kind: str, key: str) -> Iterator[tuple[Path, bool]]:
    """A cache entry under its own lock: the folder, and whether it is complete already.

    The caller fills an incomplete one inside the ``with``; it counts as complete only when that ends without
    an exception, by a marker that is written last. A half-filled one is emptied first.
    """
    folder = cache_folder() / kind / key
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise CannotTell(
            f"{folder.parent} can't be made: something on the way to it is no folder",
            "name another place: MIGSIM_CACHE=/var/tmp/migsim-cache",
        ) from None
    with contextlib.suppress(PermissionError):  # of another user, who shares it with us
        folder.parent.chmod(0o700)  # code of packages wrote there, as us: nobody else has to run that
    with _locked(_entry_lock(folder)):
        ready = _ready_marker(folder)
        if ready.exists() and folder.exists():
            yield folder, True
            return
        ready.unlink(missing_ok=True)  # its folder was removed by hand: what a kill leaves half filled is not that one
        if folder.exists():
            remove_tree(folder)
        folder.mkdir()
        yield folder, False
        ready.touch()


def caches() -> list[Path]:
    """The folder of each kind of cache that is there."""
    folder = cache_folder()
    return sorted(kind for kind in folder.iterdir() if any(_entries(kind))) if folder.is_dir() else []


def empty_cache(kind: Path) -> None:
    """Remove every entry of that kind, and its folder unless something else lies in it."""
    for entry in list(_entries(kind)):
        _ready_marker(entry).unlink(missing_ok=True)
        if entry.exists():
            remove_tree(entry)
        _entry_lock(entry).unlink()
    with contextlib.suppress(OSError):
        kind.rmdir()


def _entries(kind: Path) -> Iterator[Path]:
    """What ``cached`` made there, told by its locks: MIGSIM_CACHE may name a folder that holds more than ours."""
    for lock in kind.glob(".?*.lock"):
        yield kind / lock.name.removeprefix(".").removesuffix(".lock")


def _entry_lock(entry: Path) -> Path:
    return entry.with_name(f".{entry.name}.lock")


def _ready_marker(entry: Path) -> Path:
    return entry.with_name(f".{entry.name}.ready")


def _runs_in(folder: Path) -> list[Path]:
    """What ``open_run`` made there: MIGSIM_RUNS may name a folder that holds more than ours."""
    return sorted(path for path in folder.iterdir() if _RUN.fullmatch(path.name) and path.is_dir() and _is_run(path))


def _is_run(folder: Path) -> bool:
    return (folder / "lock").is_file() or not any(folder.iterdir())  # a kill can come before the lock is made


def _is_dead(folder: Path) -> bool:
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(lock)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _private(folder: Path) -> Path:
    """Our own folder, entered but not listed by others; somebody else's under that name is refused."""
    try:
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotTell(
            f"{folder} can't be made: {error.strerror}", "name another: MIGSIM_RUNS=/var/tmp/mine"
        ) from None
    owner = folder.stat().st_uid
    if owner != os.getuid() or folder.is_symlink():
        raise CannotTell(
            f"{folder} belongs to another user", "set MIGSIM_RUNS to a folder of your own on a disk with room"
        )
    return folder
