"""A server on a copy-on-write copy of the first one's data directory: a clone of any size in the time of a start."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from simulator.engines.embedded import cluster, server
from simulator.engines.embedded.cluster import Folders
from simulator.engines.embedded.confinement import Confinement
from simulator.engines.embedded.server import Server
from simulator.engines.embedded.users import User
from simulator.engines.forks import Fork
from simulator.engines.plan import SUPERUSER
from simulator.model import Address


def start(
    first: Folders, begin: Callable[[Folders], Server], user: User | None, confinement: Confinement, number: int
) -> Fork:
    """Raises CannotTell where the kernel layers no such folder."""
    folders = Folders(first.base, number)
    try:
        cluster.prepare_fork(folders, user, confinement)
        running = begin(folders)
    except BaseException:
        _remove(folders)
        raise

    def stop() -> None:
        server.stop(running.child)
        _remove(folders)

    return Fork(
        Address(str(folders.relay), folders.port, "postgres", SUPERUSER),
        Address(str(folders.socket), folders.port, "postgres", SUPERUSER),
        stop=stop,
        last_words=lambda: None if running.is_alive() else running.last_words(),
        log=running.log,
    )


def _remove(folders: Folders) -> None:
    folders.door.unlink(missing_ok=True)
    shutil.rmtree(folders.own, ignore_errors=True)  # what is left goes with the run
