"""Servers on a copy-on-write copy of the first one's data volume: a clone of any size in the time of a start.

The copy is a volume of the local driver that mounts an overlay. Its lower folder is the first one's data volume; what
is written goes to folders in that server's work volume. All of them are on the daemon's machine.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count

import requests
from docker.errors import APIError

from simulator.engines.docker import relay, server
from simulator.engines.docker.clients import PORT, SOCKETS, WORK
from simulator.engines.docker.objects import Objects, remove_container, remove_volume
from simulator.engines.docker.place import Place
from simulator.engines.docker.server import Starting
from simulator.errors import CannotTell, EngineDied
from simulator.model import Address

_LAYER = 'mkdir -p "$1/upper" "$1/work" && chown --reference="$2" "$1/upper" && chmod --reference="$2" "$1/upper"'


@dataclass(frozen=True)
class Fork:
    """One that runs: where migsim reaches it, at which port the project does, and how it is removed."""

    sockets: str
    port: int
    removal: contextlib.ExitStack


@dataclass(frozen=True)
class Forks:
    """Those that run, by the names of their databases."""

    objects: Objects
    first: Starting
    sockets: str
    code: Place
    parameters: Mapping[str, str]
    running: dict[str, Fork] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def begin(self, names: Iterable[str]) -> Address | None:
        """Start one; None where the daemon mounts no overlay, or the image has its data in several volumes."""
        if len(self.first.volumes) != 1:
            return None
        with contextlib.ExitStack() as stack:
            try:
                fork = self._started(next(self._numbers), stack)
            except (APIError, requests.RequestException, CannotTell, EngineDied):
                return None
            self.running.update(dict.fromkeys(names, fork))
            stack.pop_all()
        return Address(fork.sockets, PORT, "postgres", server.SUPERUSER)

    def end(self, name: str) -> bool:
        """Remove the one that has that database, and what was written to it."""
        ended = self.running.get(name)
        if ended is None:
            return False
        ended.removal.close()
        for other in [other for other, its in self.running.items() if its is ended]:
            del self.running[other]
        return True

    def end_all(self) -> None:
        for name in list(self.running):
            self.end(name)

    def _started(self, number: int, stack: contextlib.ExitStack) -> Fork:
        """``stack`` removes whatever of it there is."""
        removal = stack.enter_context(contextlib.ExitStack())
        volume = self._volume(number, removal.callback)
        starting = server.start_fork(
            self.objects,
            self.first,
            number,
            sockets=self.sockets,
            volume=volume,
            parameters=self.parameters,
        )
        removal.callback(remove_volume, self.objects.daemon, volume)
        removal.callback(remove_container, self.objects.daemon, starting.container.name)
        server.wait(starting)
        target = f"{SOCKETS}/.s.PGSQL.{starting.port}"
        folder = self.objects.run.folder / f"s{number}"
        sockets = removal.enter_context(relay.listening(folder, self.code.container, self.code.python, target, PORT))
        return Fork(sockets, starting.port, removal)

    def _volume(self, number: int, finally_: Callable[..., object]) -> str:
        """The overlay. Its upper folder has the owner and the mode of the data, or PostgreSQL refuses it."""
        (lower,) = self.first.volumes.values()
        (path,) = self.first.volumes
        layer = f"fork{number}"
        made = self.first.container.run(("sh", "-c", _LAYER, "sh", f"{WORK}/{layer}", path))
        if made.code != 0:
            raise CannotTell(f"no layer can be made: {made.stderr.strip()}", "docker info")
        finally_(self.first.container.run, ("rm", "-rf", f"{WORK}/{layer}"))
        at = f"{self.objects.mountpoint(self.first.work)}/{layer}"
        folders = f"lowerdir={self.objects.mountpoint(lower)},upperdir={at}/upper,workdir={at}/work"
        return self.objects.volume(layer, {"type": "overlay", "device": "overlay", "o": folders})
