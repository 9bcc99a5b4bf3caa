"""An opened docker environment: where each place's commands run, and what files are there."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import BinaryIO

from simulator.engines.base import Place as Where
from simulator.engines.base import Psql
from simulator.engines.docker import archive, server
from simulator.engines.docker.clients import PORT, SOCKETS, WORK, Clients
from simulator.engines.docker.container import Container
from simulator.engines.docker.place import Place
from simulator.engines.docker.server import Server
from simulator.engines.forks import Forks
from simulator.engines.plan import SUPERUSER
from simulator.model import Address, Outcome


@dataclass(frozen=True)
class ServerSide:
    """A server that answers, and where its clients run."""

    server: Server
    clients: Clients
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class DockerEnvironment:
    """A PostgreSQL container and the project's, both without a network."""

    awaited: Callable[[], ServerSide]  # waits until the server answers, the first time it is called
    place: Place
    sockets: str  # the relay's socket directory on this machine
    forks: Forks
    _numbers: count[int] = field(default_factory=count)
    confined: bool = True  # no container of ours has a network

    @property
    def client_major(self) -> int:
        return self.awaited().clients.major

    @property
    def server_version(self) -> str:
        return self.awaited().server.version

    @property
    def warnings(self) -> tuple[str, ...]:
        return (*self.awaited().warnings, *self.forks.warnings)

    @property
    def psql(self) -> Psql:
        return self.awaited().clients.psql

    @property
    def python(self) -> str:
        return self.place.python

    def run(
        self,
        place: Where,
        argv: tuple[str, ...],
        *,
        cwd: str | None = None,
        environment: Mapping[str, str] | None = None,
        stdin: BinaryIO | None = None,
    ) -> Outcome:
        return self._container(place).run(argv, cwd=cwd, environment=environment, stdin=stdin)

    def put(self, place: Where, source: Path) -> str:
        source = source.resolve()
        if place == "server" and source in self.awaited().clients.mounted:
            return self.awaited().clients.mounted[source]
        name = f"{next(self._numbers)}/{source.name}"
        if place == "project" and source.is_dir():
            self.place.put_tree(source, name)
        else:
            owner = archive.ROOT if place == "server" else self.place.owner
            self._container(place).upload(WORK, archive.of_path(source, name, owner))
        return f"{WORK}/{name}"

    def read(self, place: Where, path: str) -> bytes:
        return self._container(place).read(path)

    def scratch(self, place: Where) -> str:
        return f"{WORK}/scratch"

    def address(self, dbname: str, user: str) -> Address:
        self.awaited()
        fork = self.forks.of(dbname)
        return Address(fork.address.host if fork else self.sockets, PORT, dbname, user)

    def inside(self, dbname: str, user: str) -> Address:
        fork = self.forks.of(dbname)
        return Address(SOCKETS, fork.inside.port if fork else PORT, dbname, user)

    def fork(self, names: Iterable[str]) -> Address | None:
        self.awaited()
        return self.forks.begin(names)

    def end_fork(self, name: str) -> bool:
        return self.forks.end(name)

    def server_log(self) -> str:
        return server.log(self.awaited().server) + (self.forks.running.log() if self.forks.running else "")

    def how_to_enter(self, dbname: str) -> str:
        name = self.awaited().server.container.name
        return f"docker exec -it {name} psql -h {SOCKETS} -U {SUPERUSER} {shlex.quote(dbname)}"

    def _container(self, place: Where) -> Container:
        return self.awaited().clients.container if place == "server" else self.place.container
