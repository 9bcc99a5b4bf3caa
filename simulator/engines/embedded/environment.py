"""An opened server and project place on this machine."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from simulator.engines.base import Place, Psql
from simulator.engines.embedded import binaries, inside
from simulator.engines.embedded.binaries import Installation
from simulator.engines.embedded.confinement import Confinement, Layer, holds_home
from simulator.engines.embedded.interpreters import Python
from simulator.engines.embedded.jail import COULD_NOT
from simulator.engines.embedded.places import Places
from simulator.engines.embedded.server import Server
from simulator.engines.forks import Forks
from simulator.engines.plan import SUPERUSER, Plan
from simulator.errors import EngineDied
from simulator.host import process
from simulator.model import Address, Outcome

# Variables of a scenario that are no place of anything the code reads.
NOT_FOR_FILES = ("PATH", "HOME", "PWD", "TMPDIR")


@dataclass
class EmbeddedEnvironment:
    """Commands run as local processes under one confinement; paths are this machine's own in both places."""

    plan: Plan
    server: Server
    interpreter: Python
    clients: Installation
    scripts: Installation  # its psql runs scripts
    confinement: Confinement
    places: Places
    forks: Forks
    notes: tuple[str, ...] = ()  # for the report
    layers: dict[Path, Layer] = field(default_factory=dict)  # what the project may write on, by its real folder
    shown: dict[Place, set[Path]] = field(default_factory=lambda: {"server": set(), "project": set()})  # what was put

    @property
    def confined(self) -> bool:
        """Whether the kernel keeps commands from everything else; if not, the probe has to guard the drivers."""
        return self.confinement.active

    @property
    def warnings(self) -> tuple[str, ...]:
        return (*self.notes, *self.forks.warnings)

    @property
    def server_version(self) -> str:
        return self.server.version

    @property
    def client_major(self) -> int:
        return self.clients.major

    @property
    def psql(self) -> Psql:
        return self.scripts.psql

    @property
    def python(self) -> str:
        return str(self.interpreter.path)

    def run(
        self,
        place: Place,
        argv: tuple[str, ...],
        *,
        cwd: str | None = None,
        environment: Mapping[str, str] | None = None,
        stdin: BinaryIO | None = None,
    ) -> Outcome:
        self._check_server()
        outcome = process.run(
            self._confined(place, argv),
            environment={**self._environment(place), **(environment or {})},
            cwd=cwd or str(self.plan.project.resolve() if place == "project" else self.places.scratch(place)),
            stdin=stdin,
        )
        self._check_server()
        if outcome.code == COULD_NOT and self.confined:
            raise EngineDied(f"{argv[0]} could not be confined: {outcome.stderr.strip()}", "migsim doctor")
        return Outcome(argv, outcome.code, outcome.stdout, outcome.stderr, outcome.seconds)

    def put(self, place: Place, source: Path) -> str:
        real = source.resolve(strict=True)
        if place == "project" and real.is_dir():
            self._lay_over(real)
        else:
            self.shown[place].add(real)
        return str(real)

    def read(self, place: Place, path: str) -> bytes:
        file = Path(path)
        for folder in (self.places.scratch(place), self.places.home):
            if file.is_relative_to(folder):
                return inside.read(folder, file)
        for folder, layer in sorted(self.layers.items(), reverse=True):
            if file.is_relative_to(folder):
                with contextlib.suppress(FileNotFoundError):  # then it is as it was put there
                    return inside.read(layer.upper, layer.upper / file.relative_to(folder))
        return file.read_bytes()

    def scratch(self, place: Place) -> str:
        return str(self.places.scratch(place))

    def address(self, dbname: str, user: str) -> Address:
        fork = self.forks.of(dbname)
        port = fork.address.port if fork else self.server.folders.port
        return Address(str(self.server.folders.relay), port, dbname, user)

    def inside(self, dbname: str, user: str) -> Address:
        return replace(self.address(dbname, user), host=str(self.server.folders.socket))

    def fork(self, names: Iterable[str]) -> Address | None:
        if not self.confined:
            return None  # layers are mounted in a namespace of their own
        return self.forks.begin(names)

    def end_fork(self, name: str) -> bool:
        return self.forks.end(name)

    def server_log(self) -> str:
        return self.server.log() + (self.forks.running.log() if self.forks.running else "")

    def how_to_enter(self, dbname: str) -> str:
        at = self.address(dbname, SUPERUSER)
        return f"{self.clients.bindir / 'psql'} -h {at.host} -p {at.port} -U {at.user} {dbname}"

    def _lay_over(self, folder: Path) -> None:
        if any(folder.is_relative_to(known) for known in self.layers):
            return
        base = self.places.layers / str(len(self.layers))
        layer = Layer(folder, base / "upper", base / "work")
        for made in (layer.upper, layer.work):
            made.mkdir(parents=True)
        layer.upper.chmod(folder.stat().st_mode & 0o7777 | 0o700)  # the layer shows its upper folder's own mode
        self.layers[folder] = layer

    def _confined(self, place: Place, argv: tuple[str, ...]) -> list[str]:
        bindirs = dict.fromkeys((self.clients.bindir, self.scripts.bindir))
        parts = [part for bindir in bindirs for part in binaries.parts(bindir)]
        tools = (*self.interpreter.folders, *self._named()) if place == "project" else parts
        return self.confinement.wrap(
            argv,
            shown=(*tools, *self.shown[place]),
            layers=self.layers.values() if place == "project" else (),
            writable=(
                self.places.scratch(place),
                self.places.home,
                self.server.folders.socket,
            ),
        )

    def _named(self) -> Iterator[Path]:
        """Files and folders that the scenario's own variables name: libraries, certificates, folders of data."""
        for name, value in self.plan.environment.items():
            for text in value.split(os.pathsep) if name not in NOT_FOR_FILES else ():
                if text.startswith("/") and (os.path.isfile(text) or os.path.isdir(text)) and not holds_home(text):
                    yield Path(text)

    def _environment(self, place: Place) -> dict[str, str]:
        """Built from nothing: whatever is in ours, and the scenario does not name, stays out."""
        tools = self.clients.bindir if place == "server" else self.interpreter.path.parent
        return {
            "PATH": f"{tools}:/usr/local/bin:{os.defpath}",
            "HOME": str(self.places.home),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "TMPDIR": self.scratch(place),
            # What is compiled already is used; a folder of our own for it would compile Django anew in each run.
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            **(self.plan.environment if place == "project" else {}),
        }

    def _check_server(self) -> None:
        words = None if self.server.is_alive() else self.server.last_words()
        words = words or (self.forks.running.last_words() if self.forks.running else None)
        if words is not None:
            raise EngineDied(
                f"the throwaway PostgreSQL ended in the middle of the run: {words}",
                "run it again; if it ends once more, see what there is of memory and disk: migsim doctor",
            )
