"""An opened server and project place on this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from simulator import process
from simulator.engines.base import Place
from simulator.engines.embedded.confinement import Confinement
from simulator.engines.embedded.interpreters import Python
from simulator.engines.embedded.server import PORT, Server
from simulator.errors import EngineDied
from simulator.model import Address, Outcome
from simulator.plan import Plan


@dataclass(frozen=True)
class EmbeddedEnvironment:
    """Commands run as local processes under one confinement; paths are this machine's own in both places."""

    plan: Plan
    server: Server
    interpreter: Python
    clients: Path  # the folder of psql and pg_restore
    client_major: int
    confinement: Confinement
    base: Path  # the run's own folder for the places
    warnings: tuple[str, ...] = ()

    @property
    def confined(self) -> bool:
        """Whether the kernel keeps commands from everything else; if not, the probe guards the drivers."""
        return self.confinement.active

    @property
    def server_version(self) -> str:
        return self.server.version

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
        wrapped = self.confinement.wrap(argv, writable=(Path(self.scratch(place)),))
        outcome = process.run(
            wrapped,
            environment={**self._environment(place), **(environment or {})},
            cwd=cwd or (str(self.plan.project) if place == "project" else self.scratch(place)),
            stdin=stdin,
        )
        self._check_server()
        return Outcome(argv, outcome.code, outcome.stdout, outcome.stderr, outcome.seconds)

    def put(self, place: Place, source: Path) -> str:
        return str(source.resolve())

    def read(self, place: Place, path: str) -> bytes:
        return Path(path).read_bytes()

    def scratch(self, place: Place) -> str:
        return str(self.base / place)

    def address(self, dbname: str, user: str) -> Address:
        return Address(str(self.server.folders.socket), PORT, dbname, user)

    def inside(self, dbname: str, user: str) -> Address:
        return self.address(dbname, user)

    def server_log(self) -> str:
        return self.server.log()

    def how_to_enter(self, dbname: str) -> str:
        psql = shutil.which("psql") or self.clients / "psql"
        return f"{psql} -h {self.server.folders.socket} -p {PORT} -U postgres {dbname}"

    def _environment(self, place: Place) -> dict[str, str]:
        """Built from nothing: what is in ours and not named by the scenario stays out."""
        tools = self.clients if place == "server" else self.interpreter.path.parent
        scratch = self.scratch(place)
        return {
            "PATH": f"{tools}:{os.defpath}",
            "HOME": str(self.base / "home"),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "TMPDIR": scratch,
            "PYTHONPYCACHEPREFIX": str(self.base / "pycache"),
            "PYTHONUNBUFFERED": "1",
            **(self.plan.environment if place == "project" else {}),
        }

    def _check_server(self) -> None:
        if not self.server.is_alive():
            raise EngineDied(
                f"the throwaway PostgreSQL ended in the middle of the run: {self.server.last_words()}"
            )
