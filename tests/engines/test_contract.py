"""One life cycle for every engine: what ``engines/base.py`` promises, kill -9 included."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from simulator import engines
from simulator.engines.base import Environment, Place
from simulator.engines.plan import Plan
from simulator.host import store
from simulator.model import Address
from tests.support import containers, plans
from tests.support.command import until
from tests.support.listeners import TRY_ALL, listening
from tests.support.places import own_folders

REPOSITORY = Path(__file__).parents[2]
NAMES = [pytest.param("docker", marks=pytest.mark.docker), "embedded"]

# Asks the server whether it speaks TLS, which every PostgreSQL answers with one byte before anything else.
ASK_SERVER = """\
import socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect(f"{sys.argv[1]}/.s.PGSQL.{sys.argv[2]}")
server.sendall(bytes([0, 0, 0, 8, 4, 210, 22, 47]))
print(server.recv(1).decode())
"""
# Opens an environment and holds it until it is killed.
HOLD = """\
import sys, time
from pathlib import Path
from simulator import engines
from simulator.host import store
from tests.engines.test_contract import plan_for
engine, folder = engines.engine(sys.argv[1]), Path(sys.argv[2])
with store.open_run() as run, engine.open(plan_for(engine.name, folder), run) as environment:
    environment.address("postgres", "postgres")
    assert environment.fork(["template1"])
    print(run.id, flush=True)
    time.sleep(600)
"""


def plan_for(name: str, project: Path) -> Plan:
    make = containers.docker_plan if name == "docker" else plans.embedded_plan
    return make(project, environment={"SECRET_KEY": "named by the scenario"})


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(name: str) -> Iterator[Path]:
    with own_folders() as made:
        yield made


@pytest.fixture(scope="module")
def environment(name: str, folder: Path) -> Iterator[Environment]:
    plan = plan_for(name, folder / "project")
    with store.open_run() as run, engines.engine(name).open(plan, run) as opened:
        yield opened


@pytest.fixture(params=["server", "project"])
def place(request: pytest.FixtureRequest) -> Place:
    return "server" if request.param == "server" else "project"


def connect(address: Address) -> psycopg.Connection:
    return psycopg.connect(
        host=address.host, port=address.port, dbname=address.dbname, user=address.user, autocommit=True
    )


def left_of(name: str, run_id: str) -> list[str]:
    """Everything that still exists of a run: in Docker, as a process, as its folder."""
    found = containers.of_run(run_id) if name == "docker" else []
    inside = str(store.runs_folder() / run_id)
    found += [str(process.pid) for process in psutil.process_iter() if inside in " ".join(_arguments(process))]
    return found + [str(path) for path in store.runs_folder().glob(run_id)]


def _arguments(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_it_can_serve_the_plan(name: str, folder: Path) -> None:
    assert engines.engine(name).unusable(plan_for(name, folder / "project")) is None


def test_migsim_reaches_the_server(environment: Environment) -> None:
    with connect(environment.address("postgres", "postgres")) as connection:
        version = connection.info.parameter_status("server_version") or ""
        assert version.split()[0] == environment.server_version
        settings: dict[str, str] = dict(connection.execute("select name, setting from pg_settings").fetchall())
    assert settings["lc_messages"] == "C"
    assert {settings[name] for name in ("fsync", "synchronous_commit", "full_page_writes")} == {"off"}


def test_many_connections_and_large_results_at_once(environment: Environment) -> None:
    lengths: list[int] = []

    def fetch() -> None:
        with connect(environment.address("postgres", "postgres")) as connection:
            row = connection.execute("select repeat('x', 20000000)").fetchone()
            lengths.append(len(row[0]) if row else 0)

    threads = [threading.Thread(target=fetch) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lengths == [20_000_000] * 5


def test_a_connection_that_ends_abruptly_ends_its_session(environment: Environment) -> None:
    address = environment.address("postgres", "postgres")
    with connect(address) as watcher:
        dropped = connect(address)
        number = dropped.info.backend_pid
        sessions = "select count(*) from pg_stat_activity where pid = %s"
        assert watcher.execute(sessions, [number]).fetchone() == (1,)
        dropped.pgconn.finish()
        for _ in range(100):
            if watcher.execute(sessions, [number]).fetchone() == (0,):
                break
            watcher.execute("select pg_sleep(0.05)")
        assert watcher.execute(sessions, [number]).fetchone() == (0,)


def test_a_large_copy_goes_in(environment: Environment) -> None:
    with connect(environment.address("postgres", "postgres")) as connection:
        connection.execute("create temp table big (line text)")
        with connection.cursor().copy("copy big from stdin") as copy:
            for _ in range(200):
                copy.write("x" * 99_999 + "\n")
        assert connection.execute("select sum(length(line)) from big").fetchone() == (200 * 99_999,)


def test_a_command_gives_its_code_and_both_outputs(environment: Environment, place: Place) -> None:
    done = environment.run(place, ("sh", "-c", "echo out; echo err >&2; exit 3"))
    assert (done.code, done.stdout, done.stderr) == (3, "out\n", "err\n")
    assert environment.run(place, ("true",)).code == 0
    assert environment.run(place, ("false",)).code == 1


def test_a_program_that_does_not_exist_is_an_outcome(environment: Environment, place: Place) -> None:
    assert environment.run(place, ("no-such-program",)).code in (126, 127)


def test_input_is_streamed_to_its_end(environment: Environment, place: Place) -> None:
    sent = io.BytesIO(b"0123456789" * 1_000_000)
    assert environment.run(place, ("wc", "-c"), stdin=sent).stdout.strip() == "10000000"


def test_a_command_may_end_before_its_input_does(environment: Environment, place: Place) -> None:
    assert environment.run(place, ("head", "-c", "3"), stdin=io.BytesIO(b"abc" * 5_000_000)).stdout == "abc"


def test_large_output_arrives_whole(environment: Environment, place: Place) -> None:
    script = "head -c 8000000 /dev/zero | tr '\\0' x; head -c 3000000 /dev/zero | tr '\\0' y >&2"
    done = environment.run(place, ("sh", "-c", script))
    assert (done.stdout, done.stderr) == ("x" * 8_000_000, "y" * 3_000_000)


def test_a_file_that_was_put_is_read_there(environment: Environment, place: Place, tmp_path: Path) -> None:
    source = tmp_path / "some file.sql"
    source.write_bytes(b"\x00\xffselect 1;\n")
    source.chmod(0o600)
    path = environment.put(place, source)
    assert environment.read(place, path) == b"\x00\xffselect 1;\n"
    assert environment.run(place, ("wc", "-c", path)).stdout.split()[0] == "12"
    with pytest.raises(FileNotFoundError):
        environment.read(place, path + ".missing")


def test_a_folder_that_was_put_can_be_written_to(environment: Environment, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "shop").mkdir(parents=True)
    (tree / "shop" / "models.py").write_text("x = 1\n")
    (tree / "link").symlink_to("shop/models.py")
    path = environment.put("project", tree)
    done = environment.run("project", ("sh", "-c", "cat link && echo y >> shop/models.py && mkdir logs"), cwd=path)
    assert (done.code, done.stdout) == (0, "x = 1\n")
    assert environment.read("project", f"{path}/shop/models.py") == b"x = 1\ny\n"
    assert sorted(item.name for item in tree.iterdir()) == ["link", "shop"]
    assert (tree / "shop" / "models.py").read_text() == "x = 1\n"


def test_scratch_can_be_written_to(environment: Environment, place: Place) -> None:
    path = f"{environment.scratch(place)}/note"
    assert environment.run(place, ("sh", "-c", f"echo hello > {path}")).code == 0
    assert environment.read(place, path) == b"hello\n"


def test_only_the_scenarios_environment_is_there(environment: Environment) -> None:
    inside = environment.run("project", ("env",), environment={"ADDED": "by the caller"}).stdout.splitlines()
    assert "SECRET_KEY=named by the scenario" in inside
    assert "ADDED=by the caller" in inside
    assert "named by the scenario" not in environment.run("server", ("env",)).stdout


def test_the_clients_are_new_enough(environment: Environment) -> None:
    said = environment.run("server", ("pg_restore", "--version")).stdout
    assert said.split()[2].partition(".")[0] == str(environment.client_major)
    assert environment.client_major >= int(environment.server_version.partition(".")[0])
    inside = environment.inside("postgres", "postgres")
    asked = ("psql", "-XAtq", "-h", inside.host, "-p", str(inside.port), "-U", "postgres", "-c", "select 1")
    assert environment.run("server", asked).stdout == "1\n"


def test_the_projects_python_reaches_the_server_and_nothing_else(environment: Environment, folder: Path) -> None:
    inside = environment.inside("postgres", "postgres")
    asked = environment.run("project", (environment.python, "-c", ASK_SERVER, inside.host, str(inside.port)))
    assert asked.stdout.strip() in ("N", "S"), asked.stderr
    with listening([folder / "project", Path("/tmp")]) as listeners:
        answers = environment.run("project", (environment.python, "-c", TRY_ALL, listeners.as_argument))
        assert "reached" not in listeners.tried(answers.stdout).values()
        assert listeners.reached == set()


def test_the_servers_log_has_the_sqlstates(environment: Environment) -> None:
    with connect(environment.address("postgres", "postgres")) as connection:
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("select 1 / 0")
        for _ in range(100):  # the collector writes in order, on its own time
            if ",22012," in environment.server_log():
                break
            connection.execute("select pg_sleep(0.05)")
    assert ",22012," in environment.server_log()


def test_a_fork_has_what_stood_there_and_keeps_what_it_writes_to_itself(environment: Environment) -> None:
    first = environment.address("postgres", "postgres")
    with connect(first) as connection:
        connection.execute("drop database if exists stock")
        connection.execute("create database stock")
    with connect(environment.address("stock", "postgres")) as connection:
        connection.execute("create table item as select n from generate_series(1, 1000) n")
    for added in (0, 1):
        with connect(first) as connection:
            connection.execute("checkpoint")
        place = environment.fork(["stock"])
        assert place is not None
        with connect(environment.address("stock", "postgres")) as connection:
            assert connection.execute("select count(*) from item").fetchone() == (1000,)
            connection.execute("insert into item select n from generate_series(1, 500) n")
        with connect(place) as connection:
            assert connection.execute("select count(*) from pg_database where datname = 'stock'").fetchone() == (1,)
        inside = environment.inside("stock", "postgres")
        asked = environment.run("project", (environment.python, "-c", ASK_SERVER, inside.host, str(inside.port)))
        assert asked.stdout.strip() in ("N", "S"), asked.stderr
        assert inside.port != environment.inside("postgres", "postgres").port
        assert (environment.end_fork("stock"), environment.end_fork("stock")) == (True, False), added
    with connect(environment.address("stock", "postgres")) as connection:
        assert connection.execute("select count(*) from item").fetchone() == (1000,)


def test_the_end_leaves_nothing(name: str, folder: Path) -> None:
    before = containers.anonymous_volumes() if name == "docker" else set()
    with store.open_run() as run:
        with engines.engine(name).open(plan_for(name, folder / "project"), run) as environment:
            address = environment.address("postgres", "postgres")
            idle = connect(address)
            assert environment.fork(["template1"])
        entries = store.read_ledger(run.folder)
    assert entries
    assert left_of(name, run.id) == []
    # Another test's may pass by; one that we left would stay.
    until(lambda: name != "docker" or containers.anonymous_volumes() <= before)
    with pytest.raises(psycopg.OperationalError):
        idle.execute("select 1")
    idle.close()


def test_what_a_kill_leaves_is_swept_and_a_live_run_is_not(name: str, folder: Path, environment: Environment) -> None:
    argv = [sys.executable, "-c", HOLD, name, str(folder / "project")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as holder:
        assert holder.stdout is not None
        run_id = holder.stdout.readline().strip()
        assert run_id
        assert engines_sweep() == []
        assert left_of(name, run_id), "a live run was swept"
        holder.send_signal(signal.SIGKILL)
    assert left_of(name, run_id)
    assert engines_sweep() == []
    assert left_of(name, run_id) == []
    with connect(environment.address("postgres", "postgres")) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def engines_sweep() -> list[str]:
    return store.sweep(engines.remove)


def test_two_environments_side_by_side_are_strangers(name: str, folder: Path, environment: Environment) -> None:
    with store.open_run() as run, engines.engine(name).open(plan_for(name, folder / "project"), run) as other:
        with connect(other.address("postgres", "postgres")) as connection:
            connection.execute("create table only_there ()")
        with connect(environment.address("postgres", "postgres")) as connection:
            assert connection.execute("select to_regclass('only_there')").fetchone() == (None,)
