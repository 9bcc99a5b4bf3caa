"""Where psql and pg_restore run: beside the server, or in a container of a newer major that shares its socket.

pg_restore refuses an archive that a newer pg_dump wrote, so a dump can need newer tools than its server.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from docker.types import Mount

from simulator.engines.base import Psql
from simulator.engines.docker import archive
from simulator.engines.docker.container import Container
from simulator.engines.docker.objects import WAIT_FOREVER, Objects, volume_mount

PORT = 5432
SOCKETS = "/var/run/postgresql"  # where the official image's server has its socket
WORK = "/opt/migsim/work"  # a place's own volume: what is put there, and its scratch folder
_DUMPS = "/opt/migsim/dumps"


@dataclass(frozen=True)
class Clients:
    """The ``server`` place."""

    container: Container
    major: int
    psql: Psql
    mounted: Mapping[Path, str]  # the dumps that are seen there as they are, with their paths there


def dump_mounts(dumps: Sequence[Path]) -> list[Mount]:
    """Read-only mounts of the dumps, for a daemon that shares our file system."""
    return [Mount(inside, str(path), type="bind", read_only=True) for path, inside in _inside(dumps).items()]


def beside(server: Container, major: int, dumps: Sequence[Path]) -> Clients:
    """The server's own tools."""
    return _ready(server, major, dumps)


def apart(objects: Objects, image: str, *, sockets: str, dumps: Sequence[Path]) -> Clients:
    """Tools of another major, in a container of their own."""
    name = objects.container(
        "clients",
        image,
        entrypoint=WAIT_FOREVER,
        mounts=[volume_mount(sockets, SOCKETS), volume_mount(objects.volume("clients-work"), WORK)],
        binds=dump_mounts(dumps),
    )
    container = Container(objects.daemon, name, f"the container of psql ({image})", user="0")
    said = container.run(("pg_restore", "--version")).stdout  # pg_restore (PostgreSQL) 17.6 (Debian ...)
    return _ready(container, int(said.split()[2].partition(".")[0]), dumps)


def _ready(container: Container, major: int, dumps: Sequence[Path]) -> Clients:
    container.upload("/", archive.of_folders([WORK[1:], f"{WORK[1:]}/scratch"]))
    mounted = {path: inside for path, inside in _inside(dumps).items() if _is_same(container, path, inside)}
    return Clients(container, major, _psql(container, major), mounted)


def _psql(container: Container, major: int) -> Psql:
    said = container.run(("psql", "--version")).stdout  # psql (PostgreSQL) 17.6 (Debian ...)
    numbers = re.search(r"\) (\d+)(?:\.(\d+))?", said)
    return Psql("psql", int(numbers[1]), int(numbers[2] or 0)) if numbers else Psql("psql", major, 0)


def _inside(dumps: Sequence[Path]) -> Mapping[Path, str]:
    resolved = [path.resolve() for path in dumps]
    return {path: f"{_DUMPS}/{number}/{path.name}" for number, path in enumerate(resolved)}


def _is_same(container: Container, path: Path, inside: str) -> bool:
    """Whether the file there is the one we see: a remote daemon may have another under that path, or none."""
    witness = path if path.is_file() else min(item for item in path.iterdir() if item.is_file())
    there = inside if witness == path else f"{inside}/{witness.name}"
    facts = witness.stat()
    said = container.run(("stat", "-c", "%s %Y", there))
    return said.stdout.strip() == f"{facts.st_size} {int(facts.st_mtime)}"
