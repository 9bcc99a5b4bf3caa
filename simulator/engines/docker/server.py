"""The PostgreSQL container: an image that follows the official one's conventions, tuned to be thrown away."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from docker.types import Mount

from simulator.engines.conf import AS_IF_ALONE, LOGGING, THROWAWAY
from simulator.engines.docker import clients
from simulator.engines.docker.clients import PORT, SOCKETS, WORK
from simulator.engines.docker.container import Container
from simulator.engines.docker.objects import Objects, volume_mount
from simulator.engines.plan import SUPERUSER
from simulator.errors import CannotTell, EngineDied
from simulator.postgres import csvlog

SHARED_MEMORY = "512m"  # Docker's own 64 MB are too few for parallel index builds
LOG_FOLDER, LOG_NAME = "migsim-log", "server"

TUNING = {
    **THROWAWAY,
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1h",
    "listen_addresses": "127.0.0.1",
}
ENVIRONMENT = {
    "POSTGRES_USER": SUPERUSER,
    "POSTGRES_HOST_AUTH_METHOD": "trust",
    "POSTGRES_INITDB_ARGS": "--no-sync --encoding=UTF8",
}
# What no scenario's parameter may change.
FIXED = {
    **LOGGING,
    "log_directory": LOG_FOLDER,
    "log_filename": LOG_NAME,
    "log_truncate_on_rotation": "off",
    "log_min_messages": "warning",
}
# Waits as long as the container lives. Over TCP, which the entrypoint's temporary server does not listen on. Then
# sees that the postmaster took the entrypoint's place, as init's own child: the relay knows it by that. (A fork's file
# can't be read by this command, and its image has been seen.)
_NO_POSTMASTER = 9
_WAIT = (
    'until pg_isready -q -h 127.0.0.1 -p "$1"; do sleep 0.05; done; '
    'if read -r postmaster 2>/dev/null < "$2/postmaster.pid"; then '
    f'grep -q "^PPid:[[:space:]]*1$" "/proc/$postmaster/status" || exit {_NO_POSTMASTER}; fi; '
    f'exec psql -XAt -h {SOCKETS} -p "$1" -U {SUPERUSER} -c "SHOW server_version"'
)


@dataclass(frozen=True)
class Server:
    """A server that answers."""

    container: Container
    version: str  # "15.20"
    log: str  # the csvlog's path

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])


@dataclass(frozen=True)
class Starting:
    """A server's container that was started and is not awaited yet."""

    container: Container
    image: str
    log: str
    data: str  # PGDATA
    volumes: Mapping[str, str]  # those of its data, by the path where they are mounted
    work: str  # the volume at WORK
    port: int = PORT


def start(
    objects: Objects, image: str, *, sockets: str, parameters: Mapping[str, str], dumps: Sequence[Path]
) -> Starting:
    """Start the container; ``sockets`` is the volume that carries the server's socket."""
    facts = _facts(objects, image)
    environment = dict(line.partition("=")[::2] for line in facts.get("Env") or ())
    data = environment.get("PGDATA", "/var/lib/postgresql/data")
    work, volumes = objects.volume("server-work"), _data_volumes(objects, facts.get("Volumes") or {data: {}})
    name = objects.container(
        "server",
        image,
        command=["postgres", *_settings({**TUNING, **parameters, **FIXED})],
        environment=ENVIRONMENT,
        shm_size=SHARED_MEMORY,
        mounts=[volume_mount(sockets, SOCKETS), volume_mount(work, WORK), *_mounts(volumes)],
        binds=clients.dump_mounts(dumps),
    )
    container = Container(objects.daemon, name, f"the PostgreSQL container ({image})", user="0")
    return Starting(container, image, f"{data}/{LOG_FOLDER}/{LOG_NAME}.csv", data, volumes, work)


def start_fork(
    objects: Objects, first: Starting, number: int, *, sockets: str, volume: str, parameters: Mapping[str, str]
) -> Starting:
    """Start one more on ``volume``, a copy of the first one's only data volume, at a port of its own.

    Straight as the data's owner: an entrypoint that starts as root may hand over every file to that user, which would
    copy them all.
    """
    (path,) = first.volumes
    owner = first.container.run(("stat", "-c", "%u:%g", first.data)).stdout.strip()
    facts, port = _facts(objects, first.image), PORT + number
    entrypoint = ["sh", "-c", AS_IF_ALONE, "sh", first.data, *(facts.get("Entrypoint") or ())]
    name = objects.container(
        f"fork{number}",
        first.image,
        entrypoint=entrypoint,
        command=["postgres", *_settings({**TUNING, **parameters, **FIXED, "port": str(port)})],
        environment=ENVIRONMENT,
        shm_size=SHARED_MEMORY,
        mounts=[volume_mount(sockets, SOCKETS), volume_mount(volume, path)],
        user=owner,
    )
    container = Container(objects.daemon, name, f"a second PostgreSQL container ({first.image})", user="0")
    return replace(first, container=container, volumes={path: volume}, port=port)


def wait(starting: Starting) -> Server:
    """Wait until it answers. Raises CannotTell with its last words when it ends instead."""
    container = starting.container
    try:
        asked = container.run(("sh", "-c", _WAIT, "sh", str(starting.port), starting.data))
    except EngineDied as error:
        raise _did_not_start(starting) from error
    if asked.code == _NO_POSTMASTER:
        raise CannotTell(
            f"the entrypoint of {starting.image} does not hand over to postgres as the official image's does (exec)",
            "name an image like postgres:15 as `postgres.image` in the scenario",
        )
    if asked.code != 0:
        raise _did_not_start(starting)
    return Server(container, asked.stdout.split()[0], starting.log)


def log(server: Server) -> str:
    """The csvlog so far; also of a server that is down."""
    with contextlib.suppress(FileNotFoundError):
        return server.container.read(server.log).decode("utf-8", "replace")
    return ""


def _settings(values: Mapping[str, str]) -> list[str]:
    return [word for name, value in values.items() for word in ("-c", f"{name}={value}")]


def _facts(objects: Objects, image: str) -> Mapping[str, Any]:
    facts: Mapping[str, Any] = objects.daemon.client.images.get(image).attrs["Config"]
    return facts


def _data_volumes(objects: Objects, paths: Iterable[str]) -> dict[str, str]:
    """A volume of ours at each place that the image declares one, or Docker would make it without a label."""
    return {path: objects.volume(f"server-data{number or ''}") for number, path in enumerate(sorted(paths))}


def _mounts(volumes: Mapping[str, str]) -> list[Mount]:
    return [volume_mount(volume, path) for path, volume in volumes.items()]


def _did_not_start(starting: Starting) -> CannotTell:
    words = _last_messages(starting) or starting.container.last_words() or "it said nothing"
    return CannotTell(
        f"the PostgreSQL of {starting.image} did not start: {words}",
        "look at `postgres.parameters` and `postgres.image` in the scenario",
    )


def _last_messages(starting: Starting) -> str:
    """What the server itself logged as the reason, once it had its log."""
    try:
        text = starting.container.read(starting.log).decode("utf-8", "replace")
    except (FileNotFoundError, EngineDied):
        return ""
    rows = csvlog.rows(text)
    fatal = [row[csvlog.MESSAGE] for row in rows if row[csvlog.SEVERITY] in ("FATAL", "PANIC", "ERROR")]
    return " / ".join(fatal[-3:])
