"""A migsim that another one started ends when that one is gone, however it went."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator

VARIABLE = "MIGSIM_PARENT"  # the number of a descriptor: the reading end of a pipe that only the parent writes to


@contextlib.contextmanager
def watched() -> Iterator[int]:
    """For the parent: the descriptor to pass on to its children, and in ``VARIABLE``, while the block lasts."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(reading)
        os.close(writing)


def end_with_it() -> None:
    """For the child: SIGTERM to ourselves as soon as the pipe has no writer, which the kernel sees to after a kill -9.

    Not by PR_SET_PDEATHSIG, which only Linux has, and which an exec in between may take away.
    """
    given = os.environ.pop(VARIABLE, "")
    if given.isdecimal():
        os.set_inheritable(int(given), False)
        threading.Thread(target=_watch, args=(int(given),), daemon=True).start()


def _watch(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        while os.read(descriptor, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
