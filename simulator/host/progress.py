"""What a waiting person sees on stderr: a live line on a terminal, one plain line a stage elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from simulator.host.terminal import Terminal


@dataclass
class Progress:
    """Tells what is going on, and keeps how long each stage took."""

    console: Terminal
    quiet: bool = False
    verbose: bool = False  # each line with the seconds since the beginning
    timings: dict[str, float] = field(default_factory=dict)
    _change: Callable[[str], None] | None = None
    _stage: str = ""
    _began: float = field(default_factory=time.monotonic)

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

    @property
    def doing(self) -> str:
        """What the last stage is about, "restoring prod.dump"."""
        return self._stage or "beginning"

    def part(self, done: int, total: int, unit: str = "") -> None:
        """How far the stage is; shown on a terminal only, so that a log stays short."""
        if self._change is not None and total:
            share = min(100, 100 * done // total)
            self._change(f"{self._stage}: {share} % {unit}".rstrip())

    def say(self, text: str) -> None:
        """One line that stays."""
        if not self.quiet:
            after = f"{time.monotonic() - self._began:7.1f} s  " if self.verbose else ""
            self.console.line(f"{after}{text}")

    @contextlib.contextmanager
    def _shown(self, text: str) -> Iterator[None]:
        if self.quiet:
            yield
        elif self.console.is_terminal and not self.verbose:
            with self.console.waiting(text) as self._change:
                try:
                    yield
                finally:
                    self._change = None
        else:
            self.say(text)
            yield
