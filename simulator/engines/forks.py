"""The second server of an environment, on a copy-on-write copy of the first one's data, whatever the engine."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count

from simulator.errors import CannotTell, EngineDied, MigsimError
from simulator.model import Address


@dataclass(frozen=True)
class Fork:
    """One that runs. ``address`` is its ``postgres`` as migsim reaches it, ``inside`` as the places do."""

    address: Address
    inside: Address
    stop: Callable[[], None]  # throws away what was written to it, too
    last_words: Callable[[], str | None]  # None: it is alive
    log: Callable[[], str]


@dataclass
class Forks:
    """There is one at a time, since it reads the first one's files; ``start`` makes it, by its number."""

    start: Callable[[int], Fork]
    running: Fork | None = None
    refused: str = ""  # why none could be started: then none is tried any more
    _names: frozenset[str] = frozenset()
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def begin(self, names: Iterable[str]) -> Address | None:
        """None where none can be started."""
        assert self.running is None, "the fork before it has to be ended first"
        if self.refused:
            return None
        try:
            self.running, self._names = self.start(next(self._numbers)), frozenset(names)
        except (CannotTell, EngineDied) as error:
            self.refused = error.message
            return None
        return self.running.address

    def of(self, name: str) -> Fork | None:
        """The one that has that database."""
        return self.running if name in self._names else None

    def end(self, name: str) -> bool:
        """Whether it had that database, and is stopped now."""
        if self.of(name) is None:
            return False
        self.end_all()
        return True

    def end_all(self) -> None:
        """What can't be removed goes with the run, and takes nothing from how that ends."""
        ended, self.running, self._names = self.running, None, frozenset()
        if ended is not None:
            with contextlib.suppress(MigsimError, OSError):
                ended.stop()

    @property
    def warnings(self) -> tuple[str, ...]:
        """For the report: why large databases were copied whole."""
        return (f"databases were copied whole: {self.refused}",) if self.refused else ()
