"""What a waiting person sees on stderr: a live line on a terminal, one plain line a stage elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.status import Status


@dataclass
class Progress:
    """Tells what is going on, and keeps how long each stage took."""

    console: Console
    quiet: bool = False
    timings: dict[str, float] = field(default_factory=dict)
    _status: Status | None = None
    _stage: str = ""

    @contextlib.contextmanager
    def stage(self, name: str, text: str) -> Iterator[None]:
        """Show ``text`` while the block runs; its seconds are added to ``timings[name]``."""
        started = time.monotonic()
        self._stage = text
        try:
            with self._shown(text):
                yield
        finally:
            self.timings[name] = self.timings.get(name, 0.0) + time.monotonic() - started

    def part(self, done: int, total: int, unit: str = "") -> None:
        """How far the stage is; shown on a terminal only, so that a log stays short."""
        if self._status is not None and total:
            share = min(100, 100 * done // total)
            self._status.update(f"{escape(self._stage)}: {share} % {escape(unit)}".rstrip())

    def say(self, text: str) -> None:
        """One line that stays."""
        if not self.quiet:
            self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    @contextlib.contextmanager
    def _shown(self, text: str) -> Iterator[None]:
        if self.quiet:
            yield
        elif self.console.is_terminal:
            with self.console.status(escape(text)) as status:
                self._status = status
                try:
                    yield
                finally:
                    self._status = None
        else:
            self.say(text)
            yield
