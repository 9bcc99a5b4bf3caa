"""Opens and removes embedded environments."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from simulator import store
from simulator.engines.embedded import binaries, interpreters, server, venvs
from simulator.engines.embedded.confinement import Confinement
from simulator.engines.embedded.environment import EmbeddedEnvironment
from simulator.engines.embedded.users import server_user
from simulator.errors import CannotTell
from simulator.plan import Build, Image, Interpreter, Plan
from simulator.store import Run

KIND = "embedded"


class EmbeddedEngine:
    """PostgreSQL and the project's Python as local processes."""

    name = "embedded"

    def unusable(self, plan: Plan) -> str | None:
        if isinstance(plan.dependencies, Image | Build):
            return "the embedded engine runs no images: run with --engine docker, or name `requirements:`"
        try:
            binaries.choose(plan, binaries.installations())
        except CannotTell as error:
            return f"{error.message}: {error.hint}"
        return None

    @contextlib.contextmanager
    def open(self, plan: Plan, run: Run) -> Iterator[EmbeddedEnvironment]:
        _check_disk(plan, run.folder)
        choice = binaries.choose(plan, binaries.installations())
        python = _python(plan)
        confinement = Confinement(active=False)
        base = run.folder / "e"
        run.record(KIND, folder=str(run.folder))
        for folder in (base, base / "project", base / "server", base / "home"):
            folder.mkdir()
        user = server_user()
        folders = server.Folders(base / "pg")
        bindir = server.prepare(folders, choice.server.bindir, user, confinement)
        running = server.start(
            folders, bindir, user=user, confinement=confinement, parameters=plan.parameters, survive=run.keep
        )
        process = psutil.Process(running.child.pid)
        run.record(KIND, folder=str(run.folder), pid=str(process.pid), created=str(process.create_time()))
        try:
            yield EmbeddedEnvironment(
                plan=plan,
                server=running,
                interpreter=python,
                clients=choice.clients.bindir,
                client_major=choice.clients.major,
                confinement=confinement,
                base=base,
                warnings=tuple(filter(None, [choice.warning])),
            )
        finally:
            if not run.keep:
                server.stop(running.child)
                store.remove_tree(base)

    def remove(self, entry: Mapping[str, str]) -> bool:
        return True


def _python(plan: Plan) -> interpreters.Python:
    dependencies = plan.dependencies
    if isinstance(dependencies, Image | Build):
        raise CannotTell("the embedded engine runs no images", "run with --engine docker")
    if isinstance(dependencies, Interpreter):
        python = interpreters.ask(dependencies.path)
        if python is None:
            raise CannotTell(f"{dependencies.path} does not run", "correct `interpreter:` in the scenario")
        return python
    base = interpreters.find(dependencies.python)
    made = interpreters.ask(venvs.virtual_environment(dependencies.files, base))
    if made is None:
        raise CannotTell(f"the virtual environment of {dependencies.files[0]} does not run", "migsim clean")
    return made


def _check_disk(plan: Plan, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < plan.disk_needed:
        raise CannotTell(
            f"the run needs about {plan.disk_needed >> 20} MB, {free >> 20} MB are free at {folder}",
            "MIGSIM_RUNS=/bigger/disk",
        )
