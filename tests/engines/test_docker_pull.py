"""Runs that end while an image is pulled for them: the pull ends too, nothing is left, nobody else is touched."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from simulator.engines.docker import builds
from simulator.engines.plan import Build
from tests.support import blog, containers, files, registry
from tests.support.command import Command, Live, until
from tests.support.registry import Registry

pytestmark = pytest.mark.docker

REQUIRED = {"interpreter": None, "requirements": "requirements.txt"}
# By what pulls it: what the scenario says. A Dockerfile is built when the server's container is up already.
SCENARIOS: dict[str, dict[str, Any]] = {
    "server": {"django": REQUIRED, "postgres": {"image": "IMAGE"}},
    "project": {"django": {"interpreter": None, "image": "IMAGE"}},
    "build": {"django": {"interpreter": None, "build": "."}},
}


@dataclass(frozen=True)
class Pulling:
    """A run whose image is on its way and never comes."""

    live: Live
    folder: Path
    image: str
    children: tuple[psutil.Process, ...]

    def is_gone(self) -> bool:
        """Whether nothing of the run is on this machine or in the daemon."""
        alive = [child for child in self.children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
        return not (alive or self.folder.exists() or containers.of_run(self.folder.name))


@pytest.fixture
def endless() -> Iterator[Registry]:
    with registry.serving() as one:
        yield one


@pytest.fixture
def docker(migsim: Command) -> Iterator[Command]:
    files.write(migsim.folder, {"requirements.txt": "# nothing\n"})
    yield migsim
    migsim("clean")


@contextlib.contextmanager
def pulling(docker: Command, endless: Registry, name: str, by: str = "server") -> Iterator[Pulling]:
    """A run up to the moment when a layer of the image of that name is being fetched."""
    image, before = endless.image(name), {*docker.runs.glob("*/")}
    text = blog.scenario(docker.folder, **SCENARIOS[by], rehearse={"timeout": "50s"})
    text.write_text(text.read_text().replace("IMAGE", image))
    files.write(docker.folder, {"Dockerfile": f"FROM {image}\n"})
    with docker.live("--format", "json", engine="docker") as live:
        until(lambda: endless.fetching[name] or live.child.poll() is not None)
        assert live.child.poll() is None, live.end().stderr
        (folder,) = {*docker.runs.glob("*/")} - before
        yield Pulling(live, folder, image, (*psutil.Process(live.child.pid).children(recursive=True),))


@pytest.mark.parametrize("by", SCENARIOS)
def test_what_a_kill_leaves_is_removed_by_clean(docker: Command, endless: Registry, by: str) -> None:
    with pulling(docker, endless, "x", by) as run, containers.named_like(run.folder.name) as strangers:
        run.live.send(signal.SIGKILL)
        run.live.end()
        assert run.folder.exists()
        done = docker("clean")
        assert (done.code, done.stdout) == (0, "nothing is left of any run that has ended\n")
        until(run.is_gone, patience=10)
        assert containers.existing(strangers) == strangers
    assert_nothing_comes(docker, endless, "x")


def test_the_next_start_removes_the_dead_and_touches_nothing_alive(docker: Command, endless: Registry) -> None:
    with pulling(docker, endless, "of-another", "build") as other:
        others = containers.of_run(other.folder.name)
        with pulling(docker, endless, "x") as dead:
            dead.live.send(signal.SIGKILL)
            dead.live.end()
        until(lambda: not endless.fetching["x"])
        assert dead.folder.exists()
        with pulling(docker, endless, "x") as following:
            assert dead.is_gone()
            following.live.send(signal.SIGINT)
            assert following.live.end().code == 130
        assert following.is_gone()
        assert (other.live.child.poll(), containers.of_run(other.folder.name)) == (None, others)
        assert others
        assert endless.fetching["of-another"]
        other.live.send(signal.SIGINT)
        assert other.live.end().code == 130
    assert other.is_gone()
    assert_nothing_comes(docker, endless, "x", "of-another")


@pytest.mark.parametrize("by", ["project", "build"])
@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_an_interrupted_run_leaves_nothing(
    docker: Command, endless: Registry, by: str, number: signal.Signals, code: int, word: str
) -> None:
    with pulling(docker, endless, "x", by) as run:
        run.live.send(number)
        done = run.live.end()
        assert (done.code, done.stdout) == (code, "")
        assert done.stderr.splitlines()[-1].startswith(f"migsim: {word}")
        assert "Traceback" not in done.stderr
        assert run.is_gone()
    assert_nothing_comes(docker, endless, "x")


def assert_nothing_comes(docker: Command, endless: Registry, *names: str) -> None:
    """The daemon has given those images up, and there is no file of a run outside of its folder."""
    until(lambda: not any(endless.fetching[name] for name in names), lambda: str(endless.fetching), patience=10)
    assert [name for name in names if containers.has_image(endless.image(name))] == []
    assert not containers.has_image(builds.tag_of(Build(docker.folder)))
    docker.assert_nothing_left()
    assert sorted(path.name for path in docker.runs.parent.iterdir()) == [docker.folder.name, docker.runs.name]
