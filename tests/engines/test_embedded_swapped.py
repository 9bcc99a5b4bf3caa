"""What the server's user or the project's code puts in the place of something that migsim uses leads it nowhere."""

from __future__ import annotations

import os
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from simulator.engines.embedded import EmbeddedEngine
from simulator.engines.embedded.cluster import PORT
from simulator.engines.embedded.environment import EmbeddedEnvironment
from simulator.host import store
from tests.support.command import until
from tests.support.engines import needs_confinement
from tests.support.listeners import listening
from tests.support.places import own_folders
from tests.support.plans import embedded_plan
from tests.support.users import NOBODY, again_as_ordinary_user, python_for_anyone

pytestmark = needs_confinement

SECRET = "a secret of this machine"
# A process of the server's user that listens where the server should, and answers whatever is asked.
IMPOSTOR = """\
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(5)
if os.fork():
    os._exit(0)
os.setsid()
while True:
    connection, _ = listener.accept()
    open(sys.argv[2], "a").write("met\\n")
    connection.close()
"""


@pytest.fixture
def environment() -> Iterator[EmbeddedEnvironment]:
    with own_folders() as folder, store.open_run() as run:
        with EmbeddedEngine().open(embedded_plan(folder / "project"), run) as opened:
            yield opened


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(SECRET)
    return path


def as_server(environment: EmbeddedEnvironment, command: str, port: int = PORT) -> int:
    """Run a command as the server's user, as SQL of a dump can."""
    address = environment.inside("postgres", "postgres")
    program = command.replace("'", "''")
    query = f"COPY (SELECT 1) TO PROGRAM '{program}'"
    asked = ("psql", "-XAtq", "-h", address.host, "-p", str(port), "-U", "postgres", "-c", query)
    return environment.run("server", asked).code


def connect(environment: EmbeddedEnvironment) -> str:
    """What migsim's own connection gets."""
    address = environment.address("postgres", "postgres")
    with psycopg.connect(
        host=address.host, port=address.port, user="postgres", dbname="postgres", connect_timeout=5
    ) as connection:
        row = connection.execute("SELECT 'the server'").fetchone()
    return row[0] if row else ""


def test_the_server_is_reached_by_a_socket_that_its_user_cannot_touch(environment: EmbeddedEnvironment) -> None:
    assert connect(environment) == "the server"
    door = environment.server.folders.door
    assert stat.S_IMODE(door.parent.stat().st_mode) == 0o700
    assert as_server(environment, f"ls {door.parent}") != 0


def test_a_link_to_another_server_leads_nowhere(environment: EmbeddedEnvironment) -> None:
    folder = environment.server.folders.socket
    with tempfile.TemporaryDirectory(dir="/var/tmp") as elsewhere, listening([Path(elsewhere)]) as listeners:
        other = next(str(address) for _, _, address in listeners.addresses if str(address).startswith(elsewhere))
        swap = f"cd {folder} && mv .s.PGSQL.5432 moved && ln -s {other} .s.PGSQL.5432"
        assert as_server(environment, swap) == 0
        with pytest.raises(psycopg.OperationalError):
            connect(environment)
        assert listeners.reached == set()


def test_another_process_that_listens_in_its_place_is_not_talked_to(environment: EmbeddedEnvironment) -> None:
    folder, python = environment.server.folders.socket, python_for_anyone()
    if python is None:
        pytest.skip("no Python here that the server's user may run")
    assert as_server(environment, f"mv {folder}/.s.PGSQL.5432 {folder}/.s.PGSQL.5433") == 0
    (folder / "impostor.py").write_text(IMPOSTOR)
    (folder / "impostor.py").chmod(0o644)
    start = f"{python} {folder}/impostor.py {folder}/.s.PGSQL.5432 {folder}/met >/dev/null 2>&1"
    assert as_server(environment, start, port=5433) == 0
    assert (folder / ".s.PGSQL.5432").is_socket()
    with pytest.raises(psycopg.OperationalError):
        connect(environment)
    until((folder / "met").exists)  # it was connected to, and hung up on before a word


@pytest.mark.parametrize("swapped", ["link", "pipe"])
def test_a_log_that_is_something_else_is_not_read(swapped: str, environment: EmbeddedEnvironment, secret: Path) -> None:
    log = environment.server.folders.log / "server.csv"
    assert environment.server_log()
    other = f"ln -s {secret} {log}" if swapped == "link" else f"mkfifo {log}"
    assert as_server(environment, f"rm {log} && {other}") == 0
    assert environment.server_log() == ""


@pytest.mark.parametrize("folder", ["data", "log", "socket"])
def test_the_servers_user_cannot_lead_a_whole_folder_elsewhere(folder: str, environment: EmbeddedEnvironment) -> None:
    path = getattr(environment.server.folders, folder)
    assert as_server(environment, f"mv {path} {path}.moved") != 0
    assert as_server(environment, f"ln -s /etc {path.parent}/fork1") != 0


def test_a_trace_that_is_a_link_or_a_pipe_is_not_read(environment: EmbeddedEnvironment, secret: Path) -> None:
    scratch = environment.scratch("project")
    assert environment.run("project", ("sh", "-c", f"echo ok > {scratch}/trace")).code == 0
    assert environment.read("project", f"{scratch}/trace") == b"ok\n"
    for swap in (f"ln -sf {secret} trace", "ln -sf . below", "rm trace && mkfifo trace"):
        assert environment.run("project", ("sh", "-c", f"cd {scratch} && {swap}")).code == 0
        path = f"{scratch}/below/trace" if "below" in swap else f"{scratch}/trace"
        with pytest.raises(FileNotFoundError):
            environment.read("project", path)


def test_a_file_of_the_project_that_became_a_link_is_read_as_it_was_put(
    environment: EmbeddedEnvironment, secret: Path
) -> None:
    project = environment.plan.project
    (project / "models.py").write_text("x = 1\n")
    assert environment.run("project", ("ln", "-sf", str(secret), "models.py"), cwd=str(project)).code == 0
    assert environment.read("project", f"{project}/models.py") == b"x = 1\n"


# --- what others of this machine can reach ---------------------------------------------------------


@pytest.mark.skipif(os.getuid() != 0, reason="only root's files would make root of somebody")
@pytest.mark.parametrize("mode", [0o711, 0o777, 0o1777])
def test_nobody_can_reach_what_a_run_wrote(mode: int) -> None:
    """A setuid file in each folder that the project's code or the server may write to."""
    umask = os.umask(0)
    try:
        with own_folders() as folder:
            (folder / "r").mkdir(mode=mode)
            with store.open_run() as run, EmbeddedEngine().open(embedded_plan(folder / "project"), run) as environment:
                project, home = environment.plan.project, environment.places.home
                for place in (environment.scratch("project"), str(home), str(project)):
                    make = f"cp /bin/sh {place}/rootsh && chmod 6755 {place}/rootsh"
                    assert environment.run("project", ("sh", "-c", make)).code == 0
                assert as_server(environment, f"cp /bin/sh {environment.server.folders.data}/rootsh") == 0
                made = list(run.folder.rglob("rootsh"))
                assert len(made) == 4
                assert [path for path in made if reached_by_nobody(path) or path.stat().st_mode & 0o6000] == []
                assert reached_by_nobody(Path("/bin/sh"))
    finally:
        os.umask(umask)


def reached_by_nobody(path: Path) -> bool:
    try:
        done = subprocess.run((str(path), "-c", "true"), check=False, user=NOBODY, group=NOBODY, extra_groups=[])
    except PermissionError:
        return False
    return done.returncode == 0


MAKE_SETUID = """\
import ctypes, os, stat, sys
libc = ctypes.CDLL(None, use_errno=True)
os.chdir(sys.argv[1])
open("a", "w").close()
descriptor = os.open("a", os.O_RDWR)
tries = {
    "chmod": lambda: os.chmod("a", 0o4755),
    "chmod of a group": lambda: os.chmod("a", 0o2755),
    "fchmod": lambda: os.fchmod(descriptor, 0o6755),
    "fchmodat": lambda: os.chmod("a", 0o4755, dir_fd=os.open(".", os.O_RDONLY)),
    "open": lambda: os.close(os.open("b", os.O_CREAT | os.O_WRONLY, 0o4755)),
    "mknod": lambda: os.mknod("c", stat.S_IFREG | 0o4755),
    "fchmodat2": lambda: libc.syscall(452, -100, b"a", 0o4755, 0),
}
for name, attempt in tries.items():
    try:
        attempt()
    except OSError as error:
        print(name, type(error).__name__)
os.chmod("a", 0o751)
print(*sorted(f"{entry} {stat.S_IMODE(os.stat(entry).st_mode):o}" for entry in os.listdir()), sep="\\n")
"""


def test_nothing_in_the_confinement_makes_a_setuid_file(environment: EmbeddedEnvironment) -> None:
    """On a mount that is nosuid inside alone, one would be root's outside, where root runs migsim."""
    scratch = environment.scratch("project")
    done = environment.run("project", (environment.python, "-c", MAKE_SETUID, scratch))
    assert done.stdout.splitlines() == ["open PermissionError", "mknod PermissionError", "a 751"], done.stderr


def test_all_of_this_holds_for_an_ordinary_user() -> None:
    with tempfile.TemporaryDirectory(prefix="ms", dir="/var/tmp") as folder:
        again_as_ordinary_user(Path(__file__).resolve(), Path(folder).resolve())
