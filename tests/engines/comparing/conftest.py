"""Every PostgreSQL of this machine, and databases on it that a test fills and reads the catalog of."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from simulator.engines.base import Environment
from simulator.engines.embedded import EmbeddedEngine, binaries
from simulator.engines.plan import SUPERUSER
from simulator.host import store
from simulator.postgres import database
from simulator.postgres.catalog import Catalog
from tests.support.dumping import MAJORS
from tests.support.places import own_folders
from tests.support.plans import embedded_plan

_NUMBERS = itertools.count()


@dataclass(frozen=True)
class Databases:
    """Makes databases on one server."""

    environment: Environment
    major: int
    folder: Path

    @contextlib.contextmanager
    def new(self, *statements: str) -> Iterator[database.Connection]:
        """A connection to a fresh database, in which the statements were run; dropped at the end."""
        name = f"compared{next(_NUMBERS)}"
        with database.connect(self.environment.address("postgres", SUPERUSER)) as admin:
            database.create_database(admin, name, SUPERUSER)
            try:
                with database.connect(self.environment.address(name, SUPERUSER)) as connection:
                    for statement in statements:
                        connection.execute(statement.encode())
                    yield connection
            finally:
                database.drop(admin, name)

    @contextlib.contextmanager
    def restored(self, connection: database.Connection) -> Iterator[database.Connection]:
        """A copy of that database that went through pg_dump and pg_restore."""
        bindir = next(one.bindir for one in binaries.installations() if one.major == self.major)
        dump = self.folder / f"{connection.info.dbname}.dump"
        where = ("-h", connection.info.host, "-p", str(connection.info.port), "-U", connection.info.user)
        environment = {"PATH": os.defpath, "PGPASSWORD": connection.info.password}
        command = [str(bindir / "pg_dump"), *where, "-Fc", "-f", str(dump), connection.info.dbname]
        subprocess.run(command, env=environment, check=True)
        with self.new() as copy:
            command = [str(bindir / "pg_restore"), *where, "--exit-on-error", "-d", copy.info.dbname, str(dump)]
            subprocess.run(command, env=environment, check=True)
            yield copy

    def catalog(self, *statements: str) -> Catalog:
        """The catalog of a database in which the statements were run."""
        with self.new(*statements) as connection:
            return database.read_catalog(connection)


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    with own_folders() as folder:
        yield folder


@pytest.fixture(scope="session", params=MAJORS)
def databases(request: pytest.FixtureRequest, folder: Path) -> Iterator[Databases]:
    """On each PostgreSQL that this machine has."""
    plan = embedded_plan(
        folder / "project", postgres_major=request.param, client_major=request.param, confine_required=False
    )
    with store.open_run() as run, EmbeddedEngine().open(plan, run) as environment:
        with database.connect(environment.address("postgres", SUPERUSER)) as admin:
            yield Databases(environment, int(admin.info.server_version) // 10000, folder)
