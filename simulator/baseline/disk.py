"""A disk that fills up while the throwaway server writes to it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from simulator.baseline.restore_errors import read_log
from simulator.engines.base import Environment
from simulator.errors import CannotTell, MigsimError
from simulator.postgres.sqlstate import DISK_FULL
from simulator.wording import TWO_DUMPS


@contextlib.contextmanager
def told_when_full(environment: Environment) -> Iterator[None]:
    """Raise what went wrong in the block as a full disk where the server met one: without room for WAL it just ends."""
    try:
        yield
    except CannotTell as error:
        if not _was_full(environment):
            raise
        raise CannotTell(
            f"the disk of the throwaway PostgreSQL is full ({error.message})",
            f"MIGSIM_RUNS=/bigger/disk, or make room, or take no rows: {'; '.join(TWO_DUMPS)}",
        ) from error


def _was_full(environment: Environment) -> bool:
    with contextlib.suppress(MigsimError, OSError):
        return any(row.sqlstate == DISK_FULL for row in read_log(environment.server_log()))
    return False
