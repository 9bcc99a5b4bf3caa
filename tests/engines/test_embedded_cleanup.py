"""What a killed migsim leaves behind, the next sweep takes away; a live run's is not touched."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest

from simulator.engines.embedded import EmbeddedEngine
from simulator.host import store
from tests.support.command import until
from tests.support.places import own_folders
from tests.support.plans import embedded_plan
from tests.support.users import again_as_ordinary_user

RUN = """\
import sys
from pathlib import Path
from simulator.host import store
from simulator.engines.embedded import EmbeddedEngine
from tests.support.plans import embedded_plan
project, keep, confine = Path(sys.argv[1]), "keep" in sys.argv, "lax" not in sys.argv
with store.open_run(keep=keep) as run:
    print("run", flush=True)
    with EmbeddedEngine().open(embedded_plan(project, confine_required=confine), run) as environment:
        print("open", flush=True)
        environment.run("project", ("sh", "-c", "echo > started; sleep 600"))
"""
# Gives up what namespaces need, where root has it to give.
POWERLESS = ("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin") if os.getuid() == 0 else ()


@dataclass(frozen=True)
class Victim:
    """A migsim that can be killed, and the folders that its run lives in."""

    child: subprocess.Popen[str]
    folder: Path

    @property
    def runs(self) -> list[Path]:
        runs = self.folder / "r"
        return [path for path in runs.iterdir() if path.is_dir()] if runs.is_dir() else []

    def kill(self) -> None:
        self.child.kill()
        self.child.wait()

    def swept(self) -> bool:
        """Whether a sweep leaves no run. A child that was killed between fork and exec still holds the lock."""
        return store.sweep(EmbeddedEngine().remove) == [] and self.runs == []

    def processes(self) -> list[psutil.Process]:
        """All that carry its folder in their environment or command line."""
        return [process for process in psutil.process_iter() if _mentions(process, f"{self.folder}/")]


@pytest.fixture(autouse=True, scope="module")
def _one_cache() -> Iterator[None]:
    with own_folders():
        yield


@pytest.fixture
def folder() -> Iterator[Path]:
    with own_folders() as fresh:
        yield fresh


@contextlib.contextmanager
def migsim(folder: Path, *words: str, prefix: tuple[str, ...] = ()) -> Iterator[Victim]:
    argv = [*prefix, sys.executable, "-c", RUN, str(folder / "project"), *words]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as child:
        try:
            yield Victim(child, folder)
        finally:
            child.kill()


def written(victim: Victim, pattern: str) -> bool:
    return any(any(run.glob(pattern)) for run in victim.runs)


MOMENTS: dict[str, str] = {
    "the run has just begun": "ledger.jsonl",
    "initdb is at work": "e0/pg/data/base",
    "the server is starting": "e0/pg/said",
    "the server answers": "e0/pg/data/postmaster.pid",
    "the project's code runs": "e0/layers/0/upper/started",
}


@pytest.mark.parametrize("pattern", MOMENTS.values(), ids=MOMENTS)
@pytest.mark.parametrize("words", [(), ("keep",)], ids=["plain", "keep"])
def test_a_kill_leaves_nothing_after_the_next_sweep(
    folder: Path, pattern: str, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    if pattern == MOMENTS["initdb is at work"]:
        monkeypatch.setenv("MIGSIM_CACHE", str(folder / "cold"))
    with migsim(folder, *words) as victim:
        until(lambda: written(victim, pattern))
        victim.kill()
        assert victim.runs
        until(victim.swept)
        until(lambda: victim.processes() == [])


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give up the capability that namespaces need")
@pytest.mark.parametrize("pattern", ["e0/pg/data/base", "e0/pg/said", "e0/home"])
def test_a_kill_without_confinement_leaves_nothing_either(folder: Path, pattern: str) -> None:
    with migsim(folder, "lax", "keep", prefix=POWERLESS) as victim:
        until(lambda: written(victim, pattern))
        victim.kill()
        until(victim.swept)
        until(lambda: victim.processes() == [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing_at_all(folder: Path, number: signal.Signals) -> None:
    with migsim(folder) as victim:
        until(lambda: written(victim, MOMENTS["the project's code runs"]))
        victim.child.send_signal(number)
        victim.child.wait()
        if number is signal.SIGTERM:  # without migsim's own handler it is a kill
            store.sweep(EmbeddedEngine().remove)
        assert victim.runs == []
        until(lambda: victim.processes() == [])


def test_a_live_run_is_not_touched(folder: Path) -> None:
    plan = embedded_plan(folder / "own")
    with store.open_run() as run, EmbeddedEngine().open(plan, run) as alive, migsim(folder) as victim:
        until(lambda: len(victim.runs) == 2 and written(victim, MOMENTS["the project's code runs"]))
        victim.kill()
        store.sweep(EmbeddedEngine().remove)
        assert victim.runs == [run.folder]
        assert alive.run("project", ("true",)).code == 0
        address = alive.address("postgres", "postgres")
        with psycopg.connect(host=address.host, user="postgres", dbname="postgres") as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_a_run_that_ends_leaves_nothing(folder: Path) -> None:
    with store.open_run() as run, EmbeddedEngine().open(embedded_plan(folder / "own"), run) as environment:
        environment.run("project", ("sh", "-c", "mkdir closed && touch closed/file && chmod 0 closed"))
    assert not run.folder.exists()
    assert [process for process in psutil.process_iter() if _mentions(process, f"{folder}/")] == []


def test_a_kept_server_answers_until_it_is_cleaned(folder: Path) -> None:
    with store.open_run(keep=True) as run, EmbeddedEngine().open(embedded_plan(folder / "own"), run) as environment:
        enter = environment.how_to_enter("postgres")
    assert store.sweep(EmbeddedEngine().remove) == []
    assert subprocess.run([*enter.split(), "-Atc", "select 6*7"], capture_output=True, check=True).stdout == b"42\n"
    assert store.sweep(EmbeddedEngine().remove, kept=True) == []
    assert not run.folder.exists()
    assert [process for process in psutil.process_iter() if _mentions(process, f"{folder}/")] == []


def test_all_of_this_holds_for_an_ordinary_user() -> None:
    with tempfile.TemporaryDirectory(prefix="ms", dir="/var/tmp") as fresh:
        again_as_ordinary_user(Path(__file__).resolve(), Path(fresh).resolve())


def _mentions(process: psutil.Process, text: str) -> bool:
    if process.pid == os.getpid():
        return False
    try:
        return any(text in word for word in (*process.cmdline(), *process.environ().values()))
    except psutil.Error:
        return False
