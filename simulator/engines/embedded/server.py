"""One throwaway PostgreSQL server: its data directory, its start, its end."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

from simulator import process, store
from simulator.engines.embedded.confinement import Confinement
from simulator.engines.embedded.users import User, anyone_may_enter
from simulator.errors import CannotTell
from simulator.model import Outcome

PORT = 5432
SUPERUSER = "postgres"
# Seconds; a server that is still silent after that is stuck. A start takes well under one.
START_PATIENCE = 60.0
STOP_PATIENCE = 3.0
SOCKET_PATH_LIMIT = 107  # bytes, of sun_path in unix(7)

# A throwaway: nothing needs to survive a crash, and nothing else may disturb what is measured.
TUNING = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "max_locks_per_transaction": "256",  # a --clean restore of a large schema holds thousands in one transaction
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "shared_buffers": "128MB",
    "synchronous_commit": "off",
    "wal_level": "minimal",
}
MESSAGE = 13  # the column of the csvlog that holds the message (manual, section 20.8.4)


@dataclass(frozen=True)
class Folders:
    """Where one server keeps what in its run."""

    base: Path

    @property
    def data(self) -> Path:
        return self.base / "data"

    @property
    def log(self) -> Path:
        return self.base / "log"

    @property
    def socket(self) -> Path:
        return self.base / "s"

    @property
    def said(self) -> Path:
        """What the server printed before its log was open."""
        return self.base / "said"


@dataclass(frozen=True)
class Server:
    """A running server. ``child`` is the process that ends everything of it when it is killed."""

    folders: Folders
    child: subprocess.Popen[bytes]
    version: str

    def is_alive(self) -> bool:
        return self.child.poll() is None

    def log(self) -> str:
        path = self.folders.log / "server.csv"
        return path.read_text(errors="replace") if path.exists() else ""

    def last_words(self) -> str:
        return last_words(self.folders)


def prepare(folders: Folders, bindir: Path, user: User | None, confinement: Confinement) -> Path:
    """Make the data directory, from a cached one where there is one; return the folder to run binaries from."""
    _check_socket_path(folders.socket)
    if user and not anyone_may_enter(folders.base.parent) and not confinement.opens(folders.base.parent):
        raise CannotTell(
            f"{folders.base} is closed to the unprivileged user that PostgreSQL runs as", "MIGSIM_RUNS=/var/tmp/migsim"
        )
    for folder in (folders.base, folders.log, folders.socket):
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
            _copy(template / "data", folders.data, folders.base)
            _give(folders.data, user, recursive=True)
    return usable


def start(
    folders: Folders,
    bindir: Path,
    *,
    user: User | None,
    confinement: Confinement,
    parameters: Mapping[str, str],
    survive: bool,
) -> Server:
    """Start the server and wait until it answers. Raises CannotTell with its own last line when it does not."""
    argv = [str(bindir / "postgres"), "-D", str(folders.data), *_settings(folders, parameters)]
    wrapped = confinement.wrap(argv, user=user, writable=(folders.base,), shown=(bindir.parent,), survive=survive)
    with folders.said.open("wb") as said:
        child = subprocess.Popen(
            wrapped,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            env=_environment(folders),
            cwd=folders.base,
            start_new_session=True,
        )
    try:
        version = _wait(folders, child)
    except BaseException:
        stop(child)
        raise
    if version is None:
        stop(child)
        raise CannotTell(*_why_not(folders, bindir, user, confinement, parameters))
    return Server(folders, child, version)


def stop(child: subprocess.Popen[bytes]) -> None:
    """Immediate shutdown: the data is thrown away. SIGQUIT first, so that it gives back its shared memory."""
    for number in (signal.SIGQUIT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(STOP_PATIENCE)
            return


def last_words(folders: Folders) -> str:
    """The last line that the server left, without its details, which may quote a row."""
    log = folders.log / "server.csv"
    if log.exists():
        with log.open(newline="", errors="replace") as lines:
            rows = [row for row in csv.reader(lines) if len(row) > MESSAGE]
        if rows:
            return f"{rows[-1][MESSAGE - 2]}: {rows[-1][MESSAGE]}"
    printed = folders.said.read_text(errors="replace").splitlines() if folders.said.exists() else []
    said = [line for line in printed if not line.lstrip().startswith(("HINT", "DETAIL"))]
    return said[-1].strip() if said else "it said nothing"


def _wait(folders: Folders, child: subprocess.Popen[bytes]) -> str | None:
    """The version of the server that answers; None when it ended instead."""
    deadline = time.monotonic() + START_PATIENCE
    while child.poll() is None and time.monotonic() < deadline:
        if _says_ready(folders):
            # One that ends right after it was ready is told from its process, not from this connection.
            with (
                contextlib.suppress(psycopg.OperationalError),
                psycopg.connect(
                    host=str(folders.socket), port=PORT, user=SUPERUSER, dbname="postgres", connect_timeout=5
                ) as connection,
            ):
                # "15.18 (Debian 15.18-0+deb12u1)": the packager's own words are no part of it.
                return (connection.info.parameter_status("server_version") or "").partition(" ")[0]
        time.sleep(0.01)
    return None


def _says_ready(folders: Folders) -> bool:
    """By the server's own pid file: a connection that comes too early would be an error in its log."""
    try:
        return (folders.data / "postmaster.pid").read_text().rstrip().endswith("ready")
    except FileNotFoundError:
        return False


def _settings(folders: Folders, parameters: Mapping[str, str]) -> Iterator[str]:
    """Ours to tune, the scenario's on top, then those that the run's isolation and its reports stand on."""
    fixed = {
        "listen_addresses": "",
        "unix_socket_directories": str(folders.socket),
        "port": str(PORT),
        "lc_messages": "C",
        "log_destination": "csvlog",
        "logging_collector": "on",
        "log_directory": str(folders.log),
        "log_filename": "server.log",
        "log_rotation_age": "0",
        "log_rotation_size": "0",
        "log_file_mode": "0640",
        "dynamic_shared_memory_type": "mmap",  # files in the data directory: a kill leaves nothing in /dev/shm
    }
    for name, value in {**TUNING, **parameters, **fixed}.items():
        yield "-c"
        yield f"{name}={value}"


def _why_not(
    folders: Folders, bindir: Path, user: User | None, confinement: Confinement, parameters: Mapping[str, str]
) -> tuple[str, str]:
    """Which parameter it refuses, by asking the server itself one by one; else its own last line."""
    for name, value in parameters.items():
        argv = [str(bindir / "postgres"), "-D", str(folders.data), "-c", f"{name}={value}", "-C", name]
        if _run(argv, bindir, folders, user, confinement).code != 0:
            return (
                f"postgres.parameters.{name}: the server refuses it: {last_words(folders)}",
                "correct the scenario",
            )
    return f"PostgreSQL did not start: {last_words(folders)}", "migsim doctor"


def _initdb(folders: Folders, bindir: Path, user: User | None, confinement: Confinement) -> None:
    argv = [str(bindir / "initdb"), "-D", str(folders.data), "-U", SUPERUSER, "-A", "trust"]
    made = _run([*argv, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"], bindir, folders, user, confinement)
    if made.code != 0:
        said = (made.stderr or made.stdout).strip().splitlines() or ["it said nothing"]
        # What went wrong comes before what it then cleaned up.
        first = next((line for line in said if "error" in line.lower() or "fatal" in line.lower()), said[-1])
        raise CannotTell(f"initdb of {bindir} failed: {first}", "migsim doctor")


def _run(argv: list[str], bindir: Path, folders: Folders, user: User | None, confinement: Confinement) -> Outcome:
    wrapped = confinement.wrap(argv, user=user, writable=(folders.base,), shown=(bindir.parent,))
    return process.run(wrapped, environment=_environment(folders), cwd=str(folders.base))


def _environment(folders: Folders) -> dict[str, str]:
    return {"PATH": os.defpath, "HOME": str(folders.base), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _runnable(bindir: Path, base: Path, user: User | None) -> Path:
    """``bindir``, or a copy of its installation where the server's user can't get at the original."""
    if user is None or anyone_may_enter(bindir):
        return bindir
    copy = base / "postgresql"
    _copy(bindir.parent, copy, base)
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or path.stat().st_mode & 0o100 else 0o044))
    return copy / bindir.name


def _copy(source: Path, target: Path, base: Path) -> None:
    """Copy a folder whole. HOME is the server's, as for all that runs for it: so a killed run's is found."""
    ours = {"PATH": os.defpath, "HOME": str(base)}
    copied = process.run(["cp", "-a", "--reflink=auto", str(source), str(target)], environment=ours)
    if copied.code != 0:
        free = shutil.disk_usage(target.parent).free
        raise CannotTell(
            f"{source} could not be copied to {target.parent} ({free >> 20} MB free)", "MIGSIM_RUNS=/bigger/disk"
        )


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
