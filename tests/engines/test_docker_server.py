"""The PostgreSQL container: dumps in it, tools of another major, a server that dies."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from simulator.engines.docker import DockerEngine, client
from simulator.engines.docker.client import Daemon
from simulator.errors import CannotTell, EngineDied
from simulator.host import store
from tests.support import containers
from tests.support.command import until
from tests.support.containers import docker_plan
from tests.support.docker_proxy import over_tcp
from tests.support.places import own_folders

pytestmark = pytest.mark.docker

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with own_folders() as made:
        yield made


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with client.connect() as connected:
        yield connected


def test_a_remote_daemon_serves_as_a_local_one_does(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with over_tcp() as host:
        monkeypatch.setenv("DOCKER_HOST", host)
        with store.open_run() as run, DockerEngine().open(docker_plan(folder / "project"), run) as environment:
            address = environment.address("postgres", "postgres")
            with psycopg.connect(host=address.host, port=address.port, dbname="postgres", user="postgres") as one:
                assert one.execute("select 42").fetchone() == (42,)
            assert environment.run("server", ("wc", "-c"), stdin=io.BytesIO(b"x" * 3_000_000)).stdout == "3000000\n"
        assert containers.of_run(run.id) == []


def test_a_dump_is_mounted_as_it_is(folder: Path) -> None:
    dump = folder / "prod.sql"
    dump.write_text("select 42;\n")
    dump.chmod(0o600)
    plan = docker_plan(folder / "project", dumps=(dump,))
    with store.open_run() as run, DockerEngine().open(plan, run) as environment:
        path = environment.put("server", dump)
        with dump.open("a") as more:
            more.write("select 43;\n")
        assert environment.read("server", path) == b"select 42;\nselect 43;\n"
        assert environment.run("server", ("sh", "-c", f"echo >> {path}")).code != 0


@pytest.mark.skipif(os.getuid() != 0, reason="only root can see files that the daemon does not")
def test_a_dump_that_the_daemon_does_not_see_is_copied() -> None:
    script = """\
from pathlib import Path
from simulator.host import store
from simulator.engines.docker import DockerEngine
from tests.support.containers import docker_plan
from tests.support.places import own_folders
with own_folders() as folder, store.open_run() as run:
    for name, text in {"absent/prod.sql": "select 42;", "other/prod.sql": "select 43;"}.items():
        dump = Path("/mnt") / name
        dump.parent.mkdir()
        dump.write_text(text)
    dumps = (Path("/mnt/absent/prod.sql"), Path("/mnt/other/prod.sql"))
    with DockerEngine().open(docker_plan(folder / "project", dumps=dumps), run) as environment:
        print(*(environment.read("server", environment.put("server", dump)).decode() for dump in dumps))
"""
    alone = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /mnt && exec "$0" -c "$1"', sys.executable, script]
    done = subprocess.run(alone, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.stdout == "select 42; select 43;\n", done.stderr


def test_tools_too_old_for_the_dump_are_said_before_the_run(folder: Path) -> None:
    plan = docker_plan(folder / "project", client_major=99)
    assert "postgres:99 is not on this machine" in str(DockerEngine().unusable(plan))
    with store.open_run() as run, pytest.raises(CannotTell, match="postgres:99"):
        with DockerEngine().open(plan, run):
            raise AssertionError
    assert containers.of_run(run.id) == []


def test_newer_tools_come_from_a_container_of_their_own(folder: Path) -> None:
    plan = docker_plan(folder / "project", client_major=17)
    if DockerEngine().unusable(plan):
        pytest.skip("postgres:17 is not here: migsim images --build postgres:17")
    with store.open_run() as run, DockerEngine().open(plan, run) as environment:
        assert (environment.server_version.partition(".")[0], environment.client_major) == ("15", 17)
        asked = (
            "psql",
            "-XAtq",
            "-h",
            environment.inside("", "").host,
            "-U",
            "postgres",
            "-c",
            "show server_version_num",
        )
        assert environment.run("server", asked).stdout.startswith("15")
        assert "(PostgreSQL) 17" in environment.run("server", ("pg_restore", "--version")).stdout
    assert containers.of_run(run.id) == []


def test_a_newer_server_that_is_here_will_do_unless_the_scenario_names_one(folder: Path) -> None:
    plan = docker_plan(folder / "project", postgres_major=14, client_major=14)
    if DockerEngine().unusable(docker_plan(folder / "project", postgres_major=14, exact_major=True)) is None:
        pytest.skip("postgres:14 itself is here or can be pulled")
    with store.open_run() as run, DockerEngine().open(plan, run) as environment:
        assert environment.server_version.startswith("15.")
        assert environment.warnings == (f"the server is PostgreSQL {environment.server_version} (postgres:15), not 14",)


def test_a_server_that_does_not_start_says_why_and_leaves_nothing(folder: Path) -> None:
    plan = docker_plan(folder / "project", parameters={"shared_preload_libraries": "no_such_library"})
    before = containers.anonymous_volumes()
    with store.open_run() as run, pytest.raises(CannotTell, match="no_such_library") as refused:
        with DockerEngine().open(plan, run) as environment:
            environment.address("postgres", "postgres")
    assert "postgres:15 did not start" in refused.value.message
    assert "postgres.parameters" in refused.value.hint
    assert containers.of_run(run.id) == []
    # Another test's may pass by; one that we left would stay.
    until(lambda: containers.anonymous_volumes() <= before)


def test_the_scenarios_parameters_are_the_servers(folder: Path) -> None:
    plan = docker_plan(folder / "project", parameters={"work_mem": "65MB", "fsync": "on", "log_destination": "stderr"})
    with store.open_run() as run, DockerEngine().open(plan, run) as environment:
        asked = ("psql", "-XAtq", "-U", "postgres", "-c", "show work_mem; show fsync; show log_destination")
        assert environment.run("server", asked).stdout.split() == ["65MB", "on", "csvlog"]


def test_a_container_that_dies_in_the_middle(folder: Path, daemon: Daemon) -> None:
    with store.open_run() as run, DockerEngine().open(docker_plan(folder / "project"), run) as environment:
        assert environment.server_version
        api = daemon.client.api
        api.kill(f"migsim-{run.id}-server")
        with pytest.raises(EngineDied, match="the PostgreSQL container"):
            environment.run("server", ("true",))
        assert "database system is ready" in environment.server_log()
        address = environment.address("postgres", "postgres")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(host=address.host, port=address.port, dbname="postgres", user="postgres")
        api.remove_container(f"migsim-{run.id}-project", force=True)
        with pytest.raises(EngineDied, match="the project's container"):
            environment.run("project", ("true",))
    assert containers.of_run(run.id) == []


def test_an_interrupted_command_does_not_go_on(folder: Path) -> None:
    with store.open_run() as run, DockerEngine().open(docker_plan(folder / "project"), run) as environment:

        def interrupt(_number: int, _frame: object) -> None:
            raise KeyboardInterrupt

        before = signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, 1)
        try:
            with pytest.raises(KeyboardInterrupt):
                environment.run("project", ("sh", "-c", "sleep 4321.5 & sleep 4321.5"))
        finally:
            signal.signal(signal.SIGALRM, before)
        running = "for each in /proc/[0-9]*; do tr '\\0' ' ' < $each/cmdline; echo; done"
        assert "4321.5" not in environment.run("project", ("sh", "-c", running)).stdout


def test_a_kept_run_stays_and_is_removed_by_its_ledger(folder: Path, daemon: Daemon) -> None:
    with store.open_run(keep=True) as run:
        with DockerEngine().open(docker_plan(folder / "project"), run) as environment:
            command = environment.how_to_enter("postgres")
        entries = store.read_ledger(run.folder)
    entered = subprocess.run(
        ["sh", "-c", command.replace(" -it ", " -i ")], input="select 42", capture_output=True, text=True, check=False
    )
    assert "42" in entered.stdout, entered.stderr
    api = daemon.client.api
    assert {entry["kind"] for entry in entries} == {"docker-container", "docker-volume"}
    assert containers.of_run(run.id) == []  # what is kept has another label
    assert all(DockerEngine().remove(entry) for entry in reversed(entries))
    assert api.volumes(filters={"label": f"migsim.keep={run.id}"})["Volumes"] in ([], None)
    assert api.containers(all=True, filters={"label": f"migsim.keep={run.id}"}) == []


def test_what_only_has_the_name_is_not_removed(daemon: Daemon) -> None:
    name = "migsim-0000000000-somebody-elses"
    daemon.client.api.create_volume(name)
    try:
        assert DockerEngine().remove({"kind": "docker-volume", "name": name, "docker_host": daemon.host})
        assert daemon.client.api.inspect_volume(name)["Name"] == name
    finally:
        daemon.client.api.remove_volume(name)
