"""A run of the project's code that is still going on when the time is over: where it is, and for whom it waits."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import psycopg

from simulator.errors import CannotTell, TimedOut
from simulator.host.deadline import remaining
from simulator.model import TIMEOUT, Address, Failure, Phase, Position, Trace
from simulator.postgres import activity, database
from simulator.postgres.activity import Activity
from simulator.verdict import PLACES
from simulator.wording import duration

# How long before the time is over the server is asked what goes on, twice: who waits both times is stuck.
SECONDS_BEFORE_THE_END = 5.0
SHARE_OF_A_SHORT_TIME = 4
AT_THE_TIMEOUT = "at the timeout"  # how its process ended


class Hung(TimedOut):
    """The time was over while the project's code ran; ``trace`` is what it had told by then, and where it was."""

    def __init__(self, trace: Trace, over: TimedOut) -> None:
        super().__init__(f"{over.message}: {said(trace.failure)}", over.hint)
        self.trace = trace


@dataclass
class Watch:
    """What the server said of the project's sessions before the time was over."""

    place: Address | None  # as superuser
    databases: Sequence[str]
    _found: list[Activity] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def looking(self) -> Iterator[None]:
        """Look while the block runs, once the end is near. From a thread: the block's own waits for its command."""
        left = remaining()
        if left is None or self.place is None:
            yield
            return
        before = min(SECONDS_BEFORE_THE_END, left / SHARE_OF_A_SHORT_TIME)
        thread = threading.Thread(target=self._look, args=(left - before, before / 2), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join(SECONDS_BEFORE_THE_END)

    @property
    def activity(self) -> Activity:
        """As of the last look; it waits for somebody only if it did so at every look."""
        last = self._found[-1] if self._found else Activity()
        return last if all(one.waits_for for one in self._found) else last._replace(waits_for=None)

    def _look(self, until: float, between: float) -> None:
        for seconds in (until, between):
            if self._over.wait(seconds):
                return
            # A server that gives no answer leaves that open; that it is gone is told by others.
            with contextlib.suppress(CannotTell, psycopg.Error):
                self._found.append(self._ask())

    def _ask(self) -> Activity:
        assert self.place is not None
        with database.connect(self.place) as connection:
            known = database.names(connection)
            return activity.activity(activity.sessions(connection), self.databases, known)


def hung(trace: Trace, seconds: float, seen: Activity) -> Trace:
    """The trace of a process that was stopped after so many seconds, with that as its failure if it told of none."""
    at = trace.position or Position(Phase.SETTINGS)
    waits = seen.waits_for
    failure = Failure(
        exception=TIMEOUT,
        message="still running when the time was over" + (f", at {at.line}" if at.line else ""),
        phase=at.phase,
        migration=at.migration,
        operation=at.operation,
        sql=at.sql or seen.sql,
        seconds=round(max(0.0, seconds - at.after), 1),
        waits_for=waits,
    )
    return replace(trace, failure=trace.failure or failure, ended=AT_THE_TIMEOUT)


def said(failure: Failure | None) -> str:
    """In one sentence, for a message."""
    if failure is None or not failure.is_hang:
        return "the project's code was running"
    where = ", ".join(part for part in (failure.migration, failure.operation) if part) or PLACES.get(
        failure.phase, "migrate"
    )
    waits = f", waiting for {failure.waits_for}" if failure.waits_for else ""
    return f"{where} was still running, for {duration(failure.seconds or 0)}{waits}"
