"""A limit in seconds on a block, whatever it is waiting for."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from simulator.errors import TimedOut


@contextlib.contextmanager
def deadline(seconds: float, message: str, hint: str) -> Iterator[None]:
    """Raise TimedOut inside the block once ``seconds`` have passed; main thread only.

    An alarm signal interrupts every wait (a socket, a child, a lock), so the engines need no timeouts of their
    own, and the block's context managers clean up as for any other error.
    """

    def expire(_number: int, _frame: FrameType | None) -> None:
        raise TimedOut(message, hint)

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def disarm() -> None:
    """No limit any more: what remains of the block is cleaning up, which must not be cut short."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def remaining() -> float | None:
    """Seconds until the limit; None where there is none, or it is over."""
    return signal.getitimer(signal.ITIMER_REAL)[0] or None
