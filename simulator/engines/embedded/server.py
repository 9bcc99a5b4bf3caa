"""One throwaway PostgreSQL server: its start, its end, its last words."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

from simulator.engines.conf import AS_IF_ALONE, LOGGING, THROWAWAY
from simulator.engines.embedded import binaries, inside
from simulator.engines.embedded.cluster import Folders, environment, run
from simulator.engines.embedded.confinement import Confinement
from simulator.engines.embedded.users import User
from simulator.engines.plan import SUPERUSER
from simulator.errors import CannotTell
from simulator.postgres import csvlog

# Seconds; a server that is still silent after that is stuck. A start takes well under one.
START_PATIENCE = 60.0
STOP_PATIENCE = 3.0

TUNING = {
    **THROWAWAY,
    "max_connections": "60",
    "max_locks_per_transaction": "256",  # a --clean restore of a large schema holds thousands in one transaction
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "shared_buffers": "128MB",
    "wal_level": "minimal",
}


@dataclass(frozen=True)
class Server:
    """A running server. ``child`` is the process that ends everything of it when it is killed."""

    folders: Folders
    child: subprocess.Popen[bytes]
    version: str

    def is_alive(self) -> bool:
        return self.child.poll() is None

    def log(self) -> str:
        return _log(self.folders)

    def last_words(self) -> str:
        return last_words(self.folders)


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
    if folders.fork:
        argv = ["sh", "-c", AS_IF_ALONE, "sh", str(folders.data), *argv]
    with folders.said.open("wb") as said, _listening(folders.door) as door:
        wrapped = confinement.wrap(
            argv,
            user=user,
            writable=folders.writable,
            layers=(folders.layer,) if folders.layer else (),
            shown=binaries.parts(bindir),
            survive=survive,
            relay=(door, folders.socket / folders.door.name),
        )
        child = subprocess.Popen(
            wrapped,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            env=environment(folders),
            cwd=folders.own,
            start_new_session=True,
            pass_fds=[door],
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


@contextlib.contextmanager
def _listening(path: Path) -> Iterator[int]:
    """A descriptor that listens there, to be passed on."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(64)
        yield listener.fileno()


def stop(child: subprocess.Popen[bytes]) -> None:
    """Immediate shutdown: the data is thrown away. SIGQUIT first, so that it gives back its shared memory."""
    for number in (signal.SIGQUIT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(STOP_PATIENCE)
            return


def last_words(folders: Folders) -> str:
    """What the server itself said last. What it said of a session's statement may quote a row, and is left out."""
    own = [row for row in csvlog.rows(_log(folders)) if not row[csvlog.USER]]
    if own:
        return f"{own[-1][csvlog.SEVERITY]}: {own[-1][csvlog.MESSAGE]}"
    printed = folders.said.read_text(errors="replace").splitlines() if folders.said.exists() else []
    said = [line.strip() for line in printed if not re.search(r"\b(LOG|HINT|DETAIL):", line)]
    return said[-1] if said else "it left no word of why"


def _log(folders: Folders) -> str:
    with contextlib.suppress(FileNotFoundError):
        return inside.read(folders.log, folders.log / "server.csv").decode("utf-8", "replace")
    return ""


def _wait(folders: Folders, child: subprocess.Popen[bytes]) -> str | None:
    """The version of the server that answers; None when it ended instead."""
    deadline = time.monotonic() + START_PATIENCE
    while child.poll() is None and time.monotonic() < deadline:
        if _says_ready(folders):
            # One that ends right after it was ready is told from its process, not from this connection.
            with (
                contextlib.suppress(psycopg.OperationalError),
                psycopg.connect(
                    host=str(folders.relay), port=folders.port, user=SUPERUSER, dbname="postgres", connect_timeout=5
                ) as connection,
            ):
                # "15.18 (Debian 15.18-0+deb12u1)": the packager's own words are no part of it.
                return (connection.info.parameter_status("server_version") or "").partition(" ")[0]
        time.sleep(0.01)
    return None


def _says_ready(folders: Folders) -> bool:
    """By the server's own pid file: a connection that comes too early would be an error in its log."""
    try:
        return inside.read(folders.pid_file.parent, folders.pid_file).rstrip().endswith(b"ready")
    except FileNotFoundError:  # not there yet; in a layer there is first the mark of the one that was removed
        return False


def _settings(folders: Folders, parameters: Mapping[str, str]) -> Iterator[str]:
    """Ours to tune, the scenario's on top, then those that the run's isolation and its reports stand on."""
    fixed = {
        **LOGGING,
        "listen_addresses": "",
        "unix_socket_directories": str(folders.socket),
        "port": str(folders.port),
        "log_directory": str(folders.log),
        "log_filename": "server.log",
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
        if run(argv, bindir, folders, user, confinement).code != 0:
            return (
                f"postgres.parameters.{name}: the server refuses it: {last_words(folders)}",
                "correct the scenario",
            )
    return f"PostgreSQL did not start: {last_words(folders)}", "migsim doctor"
