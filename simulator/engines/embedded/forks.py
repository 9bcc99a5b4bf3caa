"""Servers on a copy-on-write copy of the first one's data directory: a clone of any size in the time of a start."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count

from simulator.engines.embedded import cluster, server
from simulator.engines.embedded.cluster import Folders
from simulator.engines.embedded.server import Server
from simulator.engines.embedded.users import User


@dataclass(frozen=True)
class Forks:
    """Those that run, by the names of their databases."""

    first: Folders
    start: Callable[[Folders], Server]
    user: User | None
    running: dict[str, Server] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def begin(self, names: Iterable[str]) -> int:
        """Start one; the port that it answers at."""
        folders = Folders(self.first.base, next(self._numbers))
        cluster.prepare_fork(folders, self.user)
        started = self.start(folders)
        self.running.update(dict.fromkeys(names, started))
        return folders.port

    def end(self, name: str) -> bool:
        """Stop the one that has that database, and throw away what was written to it."""
        ended = self.running.get(name)
        if ended is None:
            return False
        server.stop(ended.child)
        shutil.rmtree(ended.folders.own, ignore_errors=True)  # what is left goes with the run
        for other in [other for other, its in self.running.items() if its is ended]:
            del self.running[other]
        return True

    def end_all(self) -> None:
        for name in list(self.running):
            self.end(name)

    def port(self, name: str) -> int:
        """Where that database answers: at the first server's, unless it is in a fork."""
        found = self.running.get(name)
        return found.folders.port if found else self.first.port
