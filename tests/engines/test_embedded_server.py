"""The embedded server: as a throwaway should be, and clear about what it refuses."""

from __future__ import annotations

import csv
import io
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import psycopg
import pytest

from simulator.engines.embedded import EmbeddedEngine, binaries
from simulator.engines.embedded.cluster import Folders, prepare
from simulator.engines.embedded.confinement import Confinement
from simulator.engines.embedded.environment import EmbeddedEnvironment
from simulator.engines.embedded.users import server_user
from simulator.engines.plan import Image, Interpreter
from simulator.errors import CannotTell, EngineDied
from simulator.host import store
from tests.support.command import until
from tests.support.places import own_folders
from tests.support.plans import embedded_plan


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with own_folders() as fresh:
        yield fresh


def opened(stack: ExitStack, folder: Path, **changes: object) -> EmbeddedEnvironment:
    run = stack.enter_context(store.open_run())
    return stack.enter_context(EmbeddedEngine().open(embedded_plan(folder / "project", **changes), run))


def ask(environment: EmbeddedEnvironment, query: str) -> str:
    address = environment.address("postgres", "postgres")
    with psycopg.connect(host=address.host, port=address.port, user=address.user, dbname="postgres") as connection:
        row = connection.execute(query.encode()).fetchone()
    return str(row[0]) if row else ""


def show(environment: EmbeddedEnvironment, *names: str) -> list[str]:
    return [ask(environment, f"show {name}") for name in names]


@pytest.mark.parametrize("installation", binaries.installations(), ids=lambda one: f"{one.major}-{one.source}")
def test_each_postgres_here_serves(folder: Path, installation: binaries.Installation) -> None:
    major = installation.major
    with ExitStack() as stack:
        environment = opened(stack, folder, postgres_major=major, client_major=major, exact_major=True)
        assert environment.server_version.split(".")[0] == str(major)
        assert environment.client_major == major
        assert show(environment, "lc_messages", "server_encoding") == ["C", "UTF8"]
        assert show(environment, "fsync", "synchronous_commit", "full_page_writes", "autovacuum") == ["off"] * 4
        assert show(environment, "listen_addresses") == [""]
        answered = environment.run("server", ("psql", "-XAt", "-h", environment.inside("", "").host, "-U", "postgres"))
        assert answered.code == 0


def test_the_plans_parameters_are_on_top_but_not_over_the_isolation(folder: Path) -> None:
    parameters = {"work_mem": "7MB", "autovacuum": "on", "listen_addresses": "*"}
    with ExitStack() as stack:
        environment = opened(stack, folder, parameters=parameters)
        assert show(environment, "work_mem", "autovacuum", "listen_addresses") == ["7MB", "on", ""]


@pytest.mark.parametrize("parameters", [{"no_such_thing": "1"}, {"work_mem": "much"}])
def test_a_parameter_that_the_server_refuses_is_named(folder: Path, parameters: dict[str, str]) -> None:
    name = next(iter(parameters))
    with ExitStack() as stack, pytest.raises(CannotTell, match=rf"postgres\.parameters\.{name}: .*{name}"):
        opened(stack, folder, parameters={"maintenance_work_mem": "64MB", **parameters})
    assert not list((folder / "r").glob("*/e0"))


def test_the_log_has_the_sqlstate_of_every_error(folder: Path) -> None:
    with ExitStack() as stack:
        environment = opened(stack, folder)
        with pytest.raises(psycopg.errors.UndefinedTable):
            ask(environment, "select * from nothing_here")
        until(lambda: _errors(environment.server_log()) == ["42P01"])  # the log is written by a process of its own


def _errors(log: str) -> list[str]:
    return [row[12] for row in csv.reader(io.StringIO(log)) if row[11] in ("ERROR", "FATAL", "PANIC")]


def test_a_server_that_ends_in_the_middle_is_said_with_its_last_line(folder: Path) -> None:
    with ExitStack() as stack:
        environment = opened(stack, folder)
        launcher = psutil.Process(environment.server.child.pid)
        postmasters = [one for one in launcher.children(recursive=True) if one.name() == "postgres"]
        postmasters[0].send_signal(signal.SIGINT)
        psutil.wait_procs(postmasters, timeout=30)
        environment.server.child.wait(30)
        with pytest.raises(EngineDied, match="in the middle of the run: LOG: database system is shut down"):
            environment.run("project", ("true",))


def test_too_little_disk_is_said_before_anything_is_written(folder: Path) -> None:
    with ExitStack() as stack:
        run = stack.enter_context(store.open_run())
        plan = embedded_plan(folder / "project", disk_needed=1 << 60)
        with pytest.raises(CannotTell, match=rf"needs about 1099511627840 MB, \d+ MB are free at {run.folder}") as no:
            stack.enter_context(EmbeddedEngine().open(plan, run))
        assert "MIGSIM_RUNS=" in no.value.hint
        assert sorted(os.listdir(run.folder)) == ["lock"]


def test_a_path_too_long_for_a_socket_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGSIM_RUNS", str(folder / ("long" * 20)))
    with ExitStack() as stack, pytest.raises(CannotTell, match="too long for a socket"):
        opened(stack, folder)


def test_images_are_the_other_engines(folder: Path) -> None:
    plan = embedded_plan(folder / "project", dependencies=Image("shop:1"))
    assert "--engine docker" in (EmbeddedEngine().unusable(plan) or "")


def test_an_interpreter_that_does_not_run_is_named(folder: Path) -> None:
    with ExitStack() as stack, pytest.raises(CannotTell, match="/no/such/python does not run"):
        opened(stack, folder, dependencies=Interpreter(Path("/no/such/python")))


def test_another_major_than_the_dumps_is_a_warning(folder: Path) -> None:
    oldest = binaries.installations()[0].major
    with ExitStack() as stack:
        environment = opened(stack, folder, postgres_major=oldest - 1, client_major=oldest - 1)
        assert [said for said in environment.warnings if said.startswith(f"server {oldest} stands in for")]


@pytest.mark.skipif(os.getuid() != 0, reason="only root has folders that are closed to the server's user")
def test_a_folder_closed_to_the_servers_user_serves_where_commands_are_confined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Inside, the way to it is made anew; where nothing is confined, the server could not get there."""
    with tempfile.TemporaryDirectory(prefix="ms", dir=Path.home()) as closed:
        monkeypatch.setenv("MIGSIM_RUNS", f"{closed}/r")
        with ExitStack() as stack:
            assert ask(opened(stack, Path(closed)), "select 1") == "1"
        Path(closed, "u").mkdir()
        bindir = binaries.installations()[0].bindir
        folders = Folders(Path(closed, "u", "pg"))
        with pytest.raises(CannotTell, match="closed to the unprivileged user"):
            prepare(folders, Path(closed, "u"), bindir, server_user(), Confinement(None))


def test_two_environments_of_one_run_stand_side_by_side(folder: Path) -> None:
    with store.open_run() as run:
        plan = embedded_plan(folder / "project")
        with EmbeddedEngine().open(plan, run) as one, EmbeddedEngine().open(plan, run) as other:
            assert ask(one, "select 1") == ask(other, "select 1") == "1"
            assert one.address("", "") != other.address("", "")
