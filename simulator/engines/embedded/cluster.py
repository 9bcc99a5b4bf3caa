"""The data directory of one throwaway server, and how PostgreSQL's own programs are run on it."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from simulator.engines.embedded import binaries
from simulator.engines.embedded.confinement import Confinement, Layer
from simulator.engines.embedded.users import User, anyone_may_enter
from simulator.engines.plan import SUPERUSER
from simulator.errors import CannotTell
from simulator.host import process, store
from simulator.model import Outcome

PORT = 5432
SOCKET_PATH_LIMIT = 107  # bytes, of sun_path in unix(7)


@dataclass(frozen=True)
class Folders:
    """Where one server keeps what in its run. ``fork`` counts those that run on a layer above the first one's data."""

    base: Path
    fork: int = 0

    @property
    def own(self) -> Path:
        """Ours, as ``base``: the server's user can change what lies in the folders below, but not where they lead."""
        return self.base / f"fork{self.fork}" if self.fork else self.base

    @property
    def relay(self) -> Path:
        """Where migsim itself connects: closed to the server's user, and the same for all."""
        return self.base / "relay"

    @property
    def data(self) -> Path:
        return self.base / "data"

    @property
    def layer(self) -> Layer | None:
        return Layer(self.data, self.own / "upper", self.own / "work", or_copy=False) if self.fork else None

    @property
    def pid_file(self) -> Path:
        return (self.own / "upper" if self.fork else self.data) / "postmaster.pid"

    @property
    def log(self) -> Path:
        return self.own / "log"

    @property
    def socket(self) -> Path:
        """The same for all, told apart by ``port``."""
        return self.base / "s"

    @property
    def door(self) -> Path:
        """The socket there, by the name that libpq looks for."""
        return self.relay / f".s.PGSQL.{self.port}"

    @property
    def port(self) -> int:
        return PORT + self.fork

    @property
    def said(self) -> Path:
        """What the server printed before its log was open."""
        return self.own / "said"

    @property
    def writable(self) -> tuple[Path, ...]:
        """What the server sees as it really is; its data is among it but for a fork's."""
        return (self.log, self.socket, *(() if self.fork else (self.data,)))


def prepare(folders: Folders, run: Path, bindir: Path, user: User | None, confinement: Confinement) -> Path:
    """Make the data directory, from a cached one where there is one; return the folder to run binaries from."""
    for folder in (folders.socket, folders.relay):
        _check_socket_path(folder)
    folders.base.mkdir(mode=0o700)
    _open_way(folders.base, run, user, confinement)
    folders.relay.mkdir(mode=0o700)
    for folder in (folders.data, folders.log, folders.socket):
        folder.mkdir()
        _give(folder, user)
    usable = _runnable(bindir, folders.base, user)
    version = process.run([str(usable / "postgres"), "--version"]).stdout
    key = hashlib.sha256(f"1 {bindir} {version} C.UTF-8".encode()).hexdigest()[:16]
    with store.cached("initdb", key) as (template, ready):
        if not ready:
            _initdb(folders, usable, user, confinement)
            _copy(folders.data, template / "data", folders.base)
        else:
            folders.data.rmdir()
            _copy(template / "data", folders.data, folders.base)
            _give(folders.data, user, recursive=True)
    return usable


def prepare_fork(folders: Folders, user: User | None, confinement: Confinement) -> None:
    """An empty layer above the data directory, which PostgreSQL wants to be its user's own and closed to others."""
    layer = folders.layer
    assert layer is not None
    folders.own.mkdir(mode=0o700)
    _open_for(folders.own, user, confinement)
    folders.log.mkdir()
    _give(folders.log, user)
    for folder in (layer.upper, layer.work):
        folder.mkdir(mode=0o700)
    _give(layer.upper, user, recursive=True)


def run(argv: list[str], bindir: Path, folders: Folders, user: User | None, confinement: Confinement) -> Outcome:
    wrapped = confinement.wrap(argv, user=user, writable=folders.writable, shown=binaries.parts(bindir))
    return process.run(wrapped, environment=environment(folders), cwd=str(folders.base))


def environment(folders: Folders) -> dict[str, str]:
    return {"PATH": os.defpath, "HOME": str(folders.base), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _initdb(folders: Folders, bindir: Path, user: User | None, confinement: Confinement) -> None:
    argv = [str(bindir / "initdb"), "-D", str(folders.data), "-U", SUPERUSER, "-A", "trust"]
    made = run([*argv, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"], bindir, folders, user, confinement)
    if made.code != 0:
        said = (made.stderr or made.stdout).strip().splitlines() or ["it said nothing"]
        # What went wrong comes before what it then cleaned up.
        first = next((line for line in said if "error" in line.lower() or "fatal" in line.lower()), said[-1])
        raise CannotTell(f"initdb of {bindir} failed: {first}", "migsim doctor")


def _runnable(bindir: Path, base: Path, user: User | None) -> Path:
    """``bindir``, or a copy of its installation where the server's user can't get at the original."""
    if user is None or anyone_may_enter(bindir):
        return bindir
    copy, whole = base / "postgresql", bindir.parent.parent.parent
    for part in binaries.parts(bindir):
        target = copy / part.relative_to(whole)
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy(part, target, base)
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or path.stat().st_mode & 0o100 else 0o044))
    return copy / bindir.relative_to(whole)


def _copy(source: Path, target: Path, base: Path) -> None:
    """Copy a folder whole. HOME is the server's, as for all that runs for it: so a killed run's is found."""
    ours = {"PATH": os.defpath, "HOME": str(base)}
    copied = process.run(["cp", "-a", "--reflink=auto", str(source), str(target)], environment=ours)
    if copied.code != 0:
        free = shutil.disk_usage(target.parent).free
        raise CannotTell(
            f"{source} could not be copied to {target.parent} ({free >> 20} MB free)", "MIGSIM_RUNS=/bigger/disk"
        )


def _open_way(base: Path, run: Path, user: User | None, confinement: Confinement) -> None:
    """Let the server's user through to ``base``; what lies in the run's folders is closed to everybody else.

    Raises CannotTell where that user can't get as far as the run's folder.
    """
    if user and not anyone_may_enter(run.parent) and not confinement.opens(run):
        raise CannotTell(
            f"{run} is closed to the unprivileged user that PostgreSQL runs as", "MIGSIM_RUNS=/var/tmp/migsim"
        )
    for folder in (base, *(parent for parent in base.parents if parent == run or parent.is_relative_to(run))):
        _open_for(folder, user, confinement)


def _open_for(folder: Path, user: User | None, confinement: Confinement) -> None:
    """Inside of a confinement the way is made anew, so outside it stays closed."""
    if user and not confinement.active:
        folder.chmod(0o711)


def _give(folder: Path, user: User | None, *, recursive: bool = False) -> None:
    """To the server's user; our own group may pass, nobody else: the server trusts whoever reaches its socket."""
    if not recursive:
        folder.chmod(0o710)
    if user is None:
        return
    for path in (folder, *(folder.rglob("*") if recursive else ())):
        os.chown(path, user.uid, user.gid if recursive else os.getegid(), follow_symlinks=False)


def _check_socket_path(folder: Path) -> None:
    length = len(os.fsencode(folder / f".s.PGSQL.{PORT}.lock"))
    if length > SOCKET_PATH_LIMIT:
        raise CannotTell(f"{folder} is too long for a socket's path ({length} bytes)", "MIGSIM_RUNS=/var/tmp/migsim")
