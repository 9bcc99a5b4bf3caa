"""Where the project's code runs: a virtual environment on a volume, an image of the user's, a Dockerfile."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from docker.errors import APIError, ImageNotFound

from simulator import engines
from simulator.engines.docker import DockerEngine, builds, client, venv
from simulator.engines.docker.client import Daemon
from simulator.engines.plan import Build, Image, Plan, Requirements
from simulator.engines.requirements import gather
from simulator.errors import CannotTell
from simulator.host import store
from tests.support import containers
from tests.support.containers import docker_plan
from tests.support.files import write
from tests.support.places import own_folders

pytestmark = pytest.mark.docker

# A user of its own, a folder of its own, manage.py below it: what real images look like.
DOCKERFILE = """\
FROM python:3.11-slim AS base
ARG FLAVOUR=plain
RUN useradd --create-home app && mkdir /srv/app && chown app /srv/app
WORKDIR /srv/app
ENV FLAVOUR=$FLAVOUR
COPY --chown=app . .
USER app
ENTRYPOINT ["false"]
FROM base AS other
ENV FLAVOUR=other
"""
TREE = {
    "Dockerfile": DOCKERFILE,
    ".dockerignore": "secret.txt\n",
    "secret.txt": "not for the image\n",
    "backend/manage.py": "print('of the image')\n",
    "backend/shop/migrations/0001_initial.py": "",
}


# Opens an environment whose Dockerfile never comes to an end.
BUILD = """\
import sys
from pathlib import Path
from simulator.host import store
from simulator.engines.docker import DockerEngine
from simulator.engines.plan import Build
from tests.support.containers import docker_plan
folder = Path(sys.argv[1])
with store.open_run() as run, DockerEngine().open(docker_plan(folder, dependencies=Build(folder)), run):
    pass
"""
REPOSITORY = Path(__file__).parents[2]


def wait_for(happened: Callable[[], bool]) -> None:
    """Wait until it has, for as long as a busy machine may need."""
    for _ in range(600):
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def arguments(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def opened(pid: int) -> Iterator[str]:
    """What a process has open, files without a name too."""
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            yield os.readlink(descriptor)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with own_folders() as made:
        yield made


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with client.connect() as connected:
        yield connected


@pytest.fixture(autouse=True)
def _no_new_caches(daemon: Daemon, tmp_path: Path) -> Iterator[None]:
    """Take away what a test's own requirements and Dockerfiles left for next time."""
    yield
    for file in {*tmp_path.glob("requirements.txt"), *tmp_path.glob("pyproject.toml")}:
        for base in ("python:3.11-slim", builds.tag_of_packages(daemon, "python:3.11-slim", ["hello"])):
            # One that is in use is another test's too, and stays.
            with contextlib.suppress(APIError, CannotTell):
                base_id = str(daemon.client.images.get(base).id)
                daemon.client.api.remove_volume(venv.name_of(base_id, gather([file])))
    for tag in (builds.tag_of(Build(tmp_path, target=target)) for target in (None, "base", "other")):
        with contextlib.suppress(ImageNotFound):
            daemon.client.api.remove_image(tag, force=True)


def requiring(folder: Path, text: str, **changes: str | tuple[str, ...]) -> Plan:
    file = write(folder, {"requirements.txt": text}) / "requirements.txt"
    return docker_plan(folder, dependencies=Requirements((file,), **changes))  # type: ignore[arg-type]


def venv_volumes(daemon: Daemon) -> dict[str, str]:
    volumes = daemon.client.api.volumes(filters={"label": "migsim.cache=venv"})["Volumes"] or ()
    return {volume["Name"]: volume["CreatedAt"] for volume in volumes}


def test_requirements_are_installed_once(tmp_path: Path, folder: Path, daemon: Daemon) -> None:
    before = venv_volumes(daemon)
    write(tmp_path, {"requirements/base.txt": "-c pins.txt\nsqlparse\n", "requirements/pins.txt": "sqlparse==0.5.1\n"})
    requiring(tmp_path, "-r requirements/base.txt\n")
    files = (tmp_path / "requirements/base.txt", tmp_path / "requirements.txt")  # a folder below their common one
    plan = docker_plan(tmp_path, dependencies=Requirements(files))
    made: list[dict[str, str]] = []
    for _ in range(2):
        with store.open_run() as run, DockerEngine().open(plan, run) as environment:
            asked = (environment.python, "-c", "import sqlparse; print(sqlparse.__version__)")
            assert environment.run("project", asked).stdout == "0.5.1\n"
            assert environment.run("project", ("python", *asked[1:])).stdout == "0.5.1\n"
            refused = environment.run("project", ("touch", str(Path(environment.python).parent / "x")))
            assert "Read-only" in refused.stderr
        made.append({name: when for name, when in venv_volumes(daemon).items() if name not in before})
    assert len(made[0]) <= 1  # none where an earlier run of these tests left it
    assert made[0] == made[1]


def test_nothing_of_this_machine_lasts_in_the_volume(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://someone:canary-password@index.invalid/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    plan = requiring(tmp_path, f"# {os.urandom(8).hex()}\n")
    with store.open_run() as run, DockerEngine().open(plan, run) as environment:
        search = "grep -rlE 'canary-password|BEGIN CERTIFICATE' /opt/migsim/venv --exclude-dir=pip; echo done"
        assert environment.run("project", ("sh", "-c", search)).stdout == "done\n"
        assert "canary" not in environment.run("project", ("env",)).stdout


def test_requirements_that_can_not_be_installed(tmp_path: Path, folder: Path) -> None:
    plan = requiring(tmp_path, "sqlparse==0.0.0.dev0\n")
    for _ in range(2):  # a half-filled volume is no cache
        with store.open_run() as run, pytest.raises(CannotTell, match=r"sqlparse==0\.0\.0\.dev0") as refused:
            with DockerEngine().open(plan, run):
                raise AssertionError
        assert str(tmp_path / "requirements.txt") in refused.value.message
        assert containers.of_run(run.id) == []


def test_a_missing_include_is_named(tmp_path: Path, folder: Path) -> None:
    plan = requiring(tmp_path, "-r base.txt\n")
    with store.open_run() as run, pytest.raises(CannotTell, match=r"requirements\.txt includes base\.txt"):
        with DockerEngine().open(plan, run):
            raise AssertionError
    assert containers.of_run(run.id) == []


def test_the_dependencies_of_a_pyproject(tmp_path: Path, folder: Path) -> None:
    write(tmp_path, {"pyproject.toml": '[project]\nname = "shop"\ndependencies = ["sqlparse==0.5.1"]\n'})
    plan = docker_plan(tmp_path, dependencies=Requirements((tmp_path / "pyproject.toml",)))
    with store.open_run() as run, DockerEngine().open(plan, run) as environment:
        assert environment.run("project", (environment.python, "-c", "import sqlparse")).code == 0


def test_system_packages(tmp_path: Path, folder: Path) -> None:
    plan = requiring(tmp_path, "# nothing\n", system_packages=("hello",))
    with store.open_run() as run, DockerEngine().open(plan, run) as environment:
        assert environment.run("project", ("hello",)).stdout == "Hello, world!\n"
    wrong = requiring(tmp_path, "# nothing\n", system_packages=("no-such-package-at-all",))
    with store.open_run() as run, pytest.raises(CannotTell, match="no-such-package-at-all"):
        with DockerEngine().open(wrong, run):
            raise AssertionError


def test_a_dockerfile_is_built_with_its_context_and_arguments(tmp_path: Path, folder: Path) -> None:
    write(tmp_path, TREE)
    build = Build(tmp_path, target="base", args={"FLAVOUR": "vanilla"})
    plan = docker_plan(tmp_path / "backend", dependencies=build, tree=tmp_path, environment={"KEY": "secret"})
    with store.open_run() as run, DockerEngine().open(plan, run) as environment:
        said = environment.run("project", ("sh", "-c", "id -un; pwd; echo $FLAVOUR $KEY; ls /srv/app"))
        assert said.stdout.split() == ["app", "/srv/app/backend", "vanilla", "secret", "Dockerfile", "backend"]
        assert environment.run("project", (environment.python, "manage.py")).stdout == "of the image\n"
        write(tmp_path, {"backend/manage.py": "print('of the checkout')\n"})
        path = environment.put("project", tmp_path)
        assert environment.run("project", (environment.python, "manage.py"), cwd=f"{path}/backend").stdout == (
            "of the checkout\n"
        )
        assert environment.run("project", ("touch", f"{path}/backend/log")).code == 0
    assert containers.of_run(run.id) == []


def test_a_checkout_goes_over_what_the_image_made(tmp_path: Path, folder: Path) -> None:
    image = {**TREE, "Dockerfile": DOCKERFILE.replace("USER app", "RUN echo made > backend/generated.txt\nUSER app")}
    write(tmp_path, image)
    plan = docker_plan(tmp_path / "backend", dependencies=Build(tmp_path, target="base", checkout=True), tree=tmp_path)
    with store.open_run() as run, DockerEngine().open(plan, run) as environment:
        (tmp_path / "backend/shop/migrations/0001_initial.py").unlink()
        write(tmp_path, {"backend/manage.py": "new", "backend/shop/migrations/0001_other.py": ""})
        path = environment.put("project", tmp_path)
        listed = environment.run(
            "project", ("sh", "-c", "cat generated.txt manage.py; find shop -type f"), cwd=f"{path}/backend"
        )
        assert listed.stdout == "made\nnewshop/migrations/0001_other.py\n"
        assert environment.run("project", ("sh", "-c", "echo x >> manage.py"), cwd=f"{path}/backend").code == 0


def test_an_image_of_the_users(tmp_path: Path, folder: Path, daemon: Daemon) -> None:
    plan = docker_plan(tmp_path, dependencies=Image("postgres:15"))
    with store.open_run() as run, pytest.raises(CannotTell, match="postgres:15 has no python"):
        with DockerEngine().open(plan, run):
            raise AssertionError
    absent = docker_plan(tmp_path, dependencies=Image("registry.invalid/shop:1"))
    assert "registry.invalid/shop:1 is not on this machine" in str(DockerEngine().unusable(absent))


def test_a_dockerfile_that_fails_says_where(tmp_path: Path, folder: Path, daemon: Daemon) -> None:
    mark = os.urandom(8).hex()
    write(tmp_path, {"Dockerfile": f"FROM python:3.11-slim\nRUN echo before {mark}; exit 7\n"})
    with store.open_run() as run, pytest.raises(CannotTell, match="before") as refused:
        with DockerEngine().open(docker_plan(tmp_path, dependencies=Build(tmp_path)), run):
            raise AssertionError
    assert str(tmp_path / "Dockerfile") in refused.value.message
    assert "7" in refused.value.message
    assert containers.of_run(run.id) == []
    assert not [one for one in daemon.client.api.containers(all=True) if mark in one["Command"]]


def test_a_build_ends_when_migsim_is_killed(tmp_path: Path, folder: Path, daemon: Daemon) -> None:
    mark = f"sleep 7{int.from_bytes(os.urandom(3))}"
    write(tmp_path, {"Dockerfile": f"FROM python:3.11-slim\nRUN {mark}\n"})
    with subprocess.Popen([sys.executable, "-c", BUILD, str(tmp_path)], cwd=REPOSITORY) as builder:
        wait_for(lambda: any(mark in one["Command"] for one in daemon.client.api.containers()))
        builder.kill()
    wait_for(lambda: not any(str(tmp_path) in " ".join(arguments(one)) for one in psutil.process_iter()))
    assert store.sweep(engines.remove) == []
    wait_for(lambda: not any(mark in one["Command"] for one in daemon.client.api.containers(all=True)))
    assert list((folder / "r").glob("[0-9a-f]*")) == []


def test_a_kill_leaves_no_copy_of_what_is_sent_to_a_build(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the docker command migsim itself makes a tar of the Dockerfile's folder."""
    temporary = folder / "temporary"
    temporary.mkdir()
    write(tmp_path, {"Dockerfile": "FROM python:3.11-slim\n"})
    with (tmp_path / "large").open("wb") as large:
        large.truncate(1 << 30)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(temporary))
    with subprocess.Popen([sys.executable, "-c", BUILD, str(tmp_path)], cwd=REPOSITORY) as builder:
        wait_for(lambda: any(name.startswith(f"{temporary}/") for name in opened(builder.pid)))
        builder.kill()
    assert list(temporary.iterdir()) == []
    assert store.sweep(engines.remove) == []
    assert list((folder / "r").glob("[0-9a-f]*")) == []


def test_a_dockerfile_that_needs_buildkit(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the docker command there is only the classic builder."""
    monkeypatch.setenv("PATH", str(tmp_path))
    write(tmp_path, {"Dockerfile": "FROM python:3.11-slim\nRUN --mount=type=cache,target=/x true\n"})
    with store.open_run() as run, pytest.raises(CannotTell, match="could not be built") as refused:
        with DockerEngine().open(docker_plan(tmp_path, dependencies=Build(tmp_path)), run):
            raise AssertionError
    assert "BuildKit" in refused.value.hint


def test_without_the_docker_command_the_classic_builder_does(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    write(tmp_path, TREE)
    plan = docker_plan(tmp_path / "backend", dependencies=Build(tmp_path, target="other"), tree=tmp_path)
    with store.open_run() as run, DockerEngine().open(plan, run) as environment:
        said = environment.run("project", ("sh", "-c", "echo $FLAVOUR; ls /srv/app")).stdout.split()
        assert said == ["other", "Dockerfile", "backend"]
