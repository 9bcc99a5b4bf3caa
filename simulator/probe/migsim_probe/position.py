"""Where the command is, told while it runs: a process that is killed has no traceback left to read.

A thread of the probe's own looks at the main thread's stack now and then; nothing of Django's is patched for it.
"""

from __future__ import annotations

import os
import sys
import time
import types
from _thread import allocate_lock, get_ident, start_new_thread  # taken before anybody replaces them (gevent)
from typing import Any, Callable, Iterator

from migsim_probe import failure, locate
from migsim_probe.locate import Place
from migsim_probe.watch import Statements

SECONDS_BETWEEN_LOOKS = 0.25
SECONDS_UNTIL_TOLD_AGAIN = 2.0  # of the same place, where another line of the project's is running


class Positions:
    """Reports an ``at`` event whenever the main thread is somewhere else, or stays in one statement.

    ``stage`` says which phase it is where no frame says more; ``shown`` gets a statement, and
    whether the project's own code made it, and says what of it may be told.
    """

    def __init__(
        self, report: Callable[..., None], stage: Callable[[], str], shown: Callable[[str, bool], str]
    ) -> None:
        self._report = report
        self._stage = stage
        self._shown = shown
        self._main, self._owner = get_ident(), os.getpid()
        self._started = self._since = self._told_at = time.monotonic()
        self._place: tuple[Any, ...] = ()
        self._statement: float | None = None  # when the one that was running at the last look had begun
        self._told: tuple[Any, ...] = ()
        self._ending: Any = None
        self._ended: Any = None
        os.register_at_fork(before=self.stop, after_in_parent=self._start_again)

    def start(self) -> None:
        self._ending, self._ended = allocate_lock(), allocate_lock()
        self._ending.acquire()
        self._ended.acquire()
        start_new_thread(self._look_on, (self._ending, self._ended))

    def stop(self) -> None:
        """Nothing is reported once this has returned."""
        if self._ending is not None:
            self._ending.release()
            self._ended.acquire(timeout=1.0)
            self._ending = None

    def _start_again(self) -> None:
        if self._ended is not None and os.getpid() == self._owner:
            self.start()

    def _look_on(self, ending: Any, ended: Any) -> None:
        while not ending.acquire(timeout=SECONDS_BETWEEN_LOOKS):
            try:
                self._look()
            except Exception:  # of a project's own describe(), for one; the next look is soon
                continue
        ended.release()

    def _look(self) -> None:
        now = time.monotonic()
        frames = list(_frames(sys._current_frames().get(self._main)))
        stage = self._stage()
        place = locate.running(frames, stage)
        if stage == "smoke":  # a second migrate, whatever it does
            place = place._replace(phase=stage)
        if self._place != place[:3]:
            self._place, self._since = place[:3], now
        began, sql = _statement(frames)
        lasting, self._statement = began is not None and began == self._statement, began
        line = _own_line(frames)
        key = (self._place, began if lasting else None)
        moved = self._told != (*key, line) and now - self._told_at >= SECONDS_UNTIL_TOLD_AGAIN
        if self._told[:2] != key or moved:
            self._told, self._told_at = (*key, line), now
            self._tell(place, frames, sql if lasting else None, began if lasting and began else self._since, line)

    def _tell(
        self, place: Place, frames: list[types.FrameType], sql: str | None, since: float, line: str | None
    ) -> None:
        self._report(
            "at",
            phase=place.phase,
            migration=place.migration,
            operation=place.operation,
            sql=self._shown(sql, failure.runs_project_code(frames[-1])) if sql else None,
            line=line,
            after=round(since - self._started, 3),
        )


def _frames(innermost: types.FrameType | None) -> Iterator[types.FrameType]:
    """From the outermost to that one."""
    found = []
    while innermost is not None:
        found.append(innermost)
        innermost = innermost.f_back
    return reversed(found)


def _statement(frames: list[types.FrameType]) -> tuple[float | None, str | None]:
    """When the statement that runs now has begun, and its text; only those that go through Django are seen."""
    for frame in reversed(frames):
        if frame.f_code is Statements.__call__.__code__:
            return frame.f_locals.get("began"), frame.f_locals.get("text")
    return None, None


def _own_line(frames: list[types.FrameType]) -> str | None:
    """The line of the project's own that runs now, by its path below manage.py's folder."""
    folder = os.path.join(os.path.abspath(os.curdir), "")
    for frame in reversed(frames):
        path = os.path.abspath(frame.f_code.co_filename)
        if path.startswith(folder) and not failure.is_library(frame) and not path.endswith(os.sep + "manage.py"):
            return f"{path[len(folder) :]}:{frame.f_lineno}"
    return None
