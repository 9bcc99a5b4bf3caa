"""What every engine offers. ``tests/engines/test_contract.py`` drives all of them through one life cycle.

An *engine* opens an *environment*: one PostgreSQL server, and a place where the project's code runs. Commands
run in a *place*: ``server`` (PostgreSQL's own client tools, beside the server) or ``project`` (the project's
Python, in the folder that holds manage.py). Neither place reaches anything but that server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from simulator.engines.plan import Plan
from simulator.host.store import Run
from simulator.model import Address, Outcome

Place = Literal["server", "project"]

# The first minor release of each major whose psql can be restricted (release notes of PostgreSQL, August 2025).
_RESTRICTS_FROM = {13: 22, 14: 19, 15: 14, 16: 10, 17: 6}


@dataclass(frozen=True)
class Psql:
    """The psql that runs scripts in the ``server`` place."""

    path: str
    major: int
    minor: int

    @property
    def restricts(self) -> bool:
        """Whether it has ``\\restrict``, after which no script makes it run a command of its own."""
        return self.major >= 18 or self.minor >= _RESTRICTS_FROM.get(self.major, 1 << 30)


@dataclass(frozen=True)
class Check:
    """One thing that migsim uses; ``problem`` None: it is usable."""

    name: str
    text: str = ""
    problem: str | None = None


class Environment(Protocol):
    """An opened server and project place, alive until the engine's context manager ends."""

    @property
    def server_version(self) -> str:
        """The running server's version ("15.20")."""

    @property
    def client_major(self) -> int:
        """The major of psql and pg_restore in the ``server`` place; at least the server's."""

    @property
    def psql(self) -> Psql:
        """The newest that is there, which may be of another major than the other tools: it serves older servers."""

    @property
    def python(self) -> str:
        """The project's Python, as the ``project`` place sees it."""

    @property
    def confined(self) -> bool:
        """Whether nothing but the run's own server can be reached; if not, the probe guards the drivers."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the report has to say of this environment (not confined, another major than the dump's ...)."""

    def run(
        self,
        place: Place,
        argv: tuple[str, ...],
        *,
        cwd: str | None = None,
        environment: Mapping[str, str] | None = None,
        stdin: BinaryIO | None = None,
    ) -> Outcome:
        """Run one command to its end and return what it did, whatever its exit code.

        ``environment`` comes on top of the place's own. ``stdin`` is streamed, never held in memory whole.
        Raises EngineDied when the place itself is gone.
        """

    def put(self, place: Place, source: Path) -> str:
        """Make a local file or folder readable in that place; return its path there.

        ``source`` itself is never changed through it. A folder put for the ``project`` place may be written
        to there (code that logs into its own tree), on a throwaway copy or layer.
        """

    def read(self, place: Place, path: str) -> bytes:
        """The content of a file in that place. Raises FileNotFoundError."""

    def scratch(self, place: Place) -> str:
        """A folder in that place that its commands may write to."""

    def address(self, dbname: str, user: str) -> Address:
        """Where migsim itself reaches that database (a socket directory on this machine)."""

    def inside(self, dbname: str, user: str) -> Address:
        """Where commands in either place reach it."""

    def fork(self, names: Iterable[str]) -> Address | None:
        """A second server on a copy-on-write copy of the first one's whole cluster; where its ``postgres`` answers.

        Databases of these names are from then on looked for there. The first one's last checkpoint counts, and it must
        not be written to while a fork is in use. None: it can't be done here.
        """

    def end_fork(self, name: str) -> bool:
        """Stop the fork that has that database, and all that was written to it is gone; False: none has."""

    def server_log(self) -> str:
        """The server's csvlog so far; its columns are those of PostgreSQL's manual, section 20.8.4."""

    def how_to_enter(self, dbname: str) -> str:
        """The command that opens a psql there; shown by ``--keep``."""


class Engine(Protocol):
    """A kind of throwaway environment."""

    @property
    def name(self) -> str: ...

    def unusable(self, plan: Plan) -> str | None:
        """Why this engine can't serve that plan, in a sentence that ends in what to do; None: it can."""

    def open(self, plan: Plan, run: Run) -> AbstractContextManager[Environment]:
        """Start everything, each object in the run's ledger before it is created; remove it all at the end.

        The server may still be starting when the block begins: what needs it waits for it. Raises CannotTell with
        the reason when something can't be built or started, here or where the server is first needed.
        """

    def remove(self, entry: Mapping[str, str]) -> bool:
        """Remove one object that a dead run's ledger names (``store.Run.record`` wrote it); True: it is gone."""

    def checks(self) -> Iterable[Check]:
        """What it uses of this machine, for ``migsim doctor``. The first one tells whether it can serve at all."""

    def obtain_images(
        self, names: Sequence[str], *, pull: bool, build: bool, tell: Callable[[str], None]
    ) -> Iterable[tuple[str, str | None]]:
        """Each image that it needs (or of those ``names``) with what is still wrong with it, for ``migsim images``.

        ``pull`` and ``build`` say how to get those that are missing. Raises CannotTell.
        """

    def list_caches(self) -> Iterable[tuple[str, str]]:
        """What it keeps for later runs beside migsim's own cache folder: kind and name of each. Raises CannotTell."""

    def prune_caches(self) -> Iterable[tuple[str, str | None]]:
        """Remove them; each name with the reason why it is still there, or None. Raises CannotTell."""
