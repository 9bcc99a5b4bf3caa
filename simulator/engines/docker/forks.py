"""A server on a copy-on-write copy of the first one's data volume: a clone of any size in the time of a start.

The copy is a volume of the local driver that mounts an overlay. Its lower folder is the first one's data volume; what
is written goes to folders in that server's work volume. All of them are on the daemon's machine.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from simulator.engines.docker import relay, server
from simulator.engines.docker.clients import PORT, SOCKETS, WORK
from simulator.engines.docker.objects import REFUSALS, Objects, remove_container, remove_volume
from simulator.engines.docker.place import Place
from simulator.engines.docker.server import Server, Starting
from simulator.engines.forks import Fork
from simulator.engines.plan import SUPERUSER
from simulator.errors import CannotTell
from simulator.model import Address

_LAYER = 'mkdir -p "$1/upper" "$1/work" && chown --reference="$2" "$1/upper" && chmod --reference="$2" "$1/upper"'


@dataclass(frozen=True)
class Ground:
    """What a fork is made of."""

    objects: Objects
    first: Starting
    sockets: str
    code: Place
    parameters: Mapping[str, str]


def start(ground: Ground, number: int) -> Fork:
    """Raises CannotTell where the daemon mounts no overlay, or the image has its data in several volumes."""
    if len(ground.first.volumes) != 1:
        raise CannotTell(f"{ground.first.image} keeps its data in several volumes", "docker info")
    with contextlib.ExitStack() as stack:
        try:
            running, sockets = _started(ground, number, stack)
        except REFUSALS as error:
            raise CannotTell(f"Docker layers no volume ({error})", "docker info") from error
        removal = stack.pop_all()

    def stop() -> None:
        with contextlib.suppress(*REFUSALS):
            removal.close()

    return Fork(
        Address(sockets, PORT, "postgres", SUPERUSER),
        Address(SOCKETS, PORT + number, "postgres", SUPERUSER),
        stop=stop,
        last_words=lambda: None if running.container.is_running() else running.container.last_words(),
        log=lambda: server.log(running),
    )


def _started(ground: Ground, number: int, removal: contextlib.ExitStack) -> tuple[Server, str]:
    """The server, and the folder of its socket on this machine. ``removal`` takes away whatever of it there is."""
    daemon = ground.objects.daemon
    volume = _volume(ground, f"fork{number}", removal)
    starting = server.start_fork(
        ground.objects,
        ground.first,
        number,
        sockets=ground.sockets,
        volume=volume,
        parameters=ground.parameters,
    )
    removal.callback(remove_container, daemon, starting.container.name)
    beside = relay.start(ground.objects, f"relay{number}", ground.code, starting)  # while the server starts
    removal.callback(remove_container, daemon, beside.name)
    running = server.wait(starting)
    target = f"{SOCKETS}/.s.PGSQL.{starting.port}"
    folder = ground.objects.run.folder / f"s{number}"
    return running, removal.enter_context(relay.listening(folder, beside, ground.code.python, target))


def _volume(ground: Ground, layer: str, removal: contextlib.ExitStack) -> str:
    """The overlay. Its upper folder has the owner and the mode of the data, or PostgreSQL refuses it."""
    first, objects = ground.first, ground.objects
    ((path, lower),) = first.volumes.items()
    made = first.container.run(("sh", "-c", _LAYER, "sh", f"{WORK}/{layer}", path))
    if made.code != 0:
        raise CannotTell(f"no layer can be made: {made.stderr.strip()}", "docker info")
    removal.callback(first.container.run, ("rm", "-rf", f"{WORK}/{layer}"))
    at = f"{objects.mountpoint(first.work)}/{layer}"
    folders = f"lowerdir={objects.mountpoint(lower)},upperdir={at}/upper,workdir={at}/work"
    volume = objects.volume(layer, {"type": "overlay", "device": "overlay", "o": folders})
    removal.callback(remove_volume, objects.daemon, volume)
    return volume
