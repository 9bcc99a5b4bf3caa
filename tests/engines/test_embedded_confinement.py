"""Nothing that runs for a rehearsal reaches anything but its own server, and nothing of the user's is changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from simulator.engines.embedded import EmbeddedEngine
from simulator.engines.embedded.environment import EmbeddedEnvironment
from simulator.host import store
from simulator.model import Outcome
from tests.support.command import until
from tests.support.engines import needs_confinement
from tests.support.listeners import TRY_ALL, listening
from tests.support.places import own_folders
from tests.support.plans import embedded_plan
from tests.support.users import again_as_ordinary_user

pytestmark = needs_confinement

# Read by nobody but the parent, if the namespaces hold.
CANARY = "canary-value-of-the-parent"


# With every capability in a user namespace of its own, takes away the mounts that cover something.
UNCOVER = """\
import ctypes, sys
libc = ctypes.CDLL(None)
print("namespaces", libc.unshare(0x10000000 | 0x20000))
for path in ["/tmp", "/run", sys.argv[1], "/"]:
    print(path, libc.umount2(path.encode(), 2))
"""


@pytest.fixture(scope="module")
def environment() -> Iterator[EmbeddedEnvironment]:
    with own_folders({"MIGSIM_CANARY": CANARY, "PGHOST": "production.example"}) as folder:
        plan = embedded_plan(folder / "project", environment={"SECRET_KEY": "named by the scenario"})
        (plan.project / "manage.py").write_text("# the user's own\n")
        with store.open_run() as run, EmbeddedEngine().open(plan, run) as opened:
            yield opened


def psql(environment: EmbeddedEnvironment, *arguments: str, host: str | None = None) -> Outcome:
    address = environment.inside("postgres", "postgres")
    return environment.run("server", ("psql", "-XAtq", "-h", host or address.host, "-U", "postgres", *arguments))


def shell(environment: EmbeddedEnvironment, script: str) -> Outcome:
    return environment.run("project", ("sh", "-c", script))


def writable_folders(project: Path) -> list[Path]:
    candidates = [project, *map(Path, ("/tmp", "/var/tmp", "/dev/shm", "/run", "/opt", "/srv")), Path.home()]
    return [folder for folder in candidates if os.access(folder, os.W_OK)]


def test_the_projects_code_reaches_no_listener(environment: EmbeddedEnvironment) -> None:
    with listening(writable_folders(environment.plan.project)) as listeners:
        outside = subprocess.run(
            [sys.executable, "-c", TRY_ALL, listeners.as_argument], capture_output=True, text=True, check=True
        )
        assert set(listeners.tried(outside.stdout).values()) == {"reached"}
        until(lambda: len(listeners.reached) == len(listeners.addresses))  # each is heard of by a thread of its own
        listeners.reached.clear()
        inside = environment.run("project", (environment.python, "-c", TRY_ALL, listeners.as_argument))
        assert "reached" not in listeners.tried(inside.stdout).values()
        assert listeners.reached == set()


def test_no_place_reaches_another_server(environment: EmbeddedEnvironment) -> None:
    plan = environment.plan
    with store.open_run() as run, EmbeddedEngine().open(plan, run) as other:
        host = other.address("postgres", "postgres").host
        client = f"{environment.clients.bindir}/psql -Xw -h {host} -U postgres -c 'select 1'"
        assert subprocess.run(["sh", "-c", client], capture_output=True, check=False).returncode == 0
        assert shell(environment, client).code == 2
        assert psql(environment, "-c", "select 1", host=host).code == 2
        escaped = psql(environment, "-c", rf"\! {client} && echo reached")
        assert "reached" not in escaped.stdout
        assert "No such file" in escaped.stderr
        program = client.replace("'", "''")
        assert "exit code 2" in psql(environment, "-c", f"copy (select 1) to program '{program}'").stderr


def test_the_server_itself_reaches_no_other(environment: EmbeddedEnvironment) -> None:
    if psql(environment, "-c", "create extension dblink").code != 0:
        pytest.skip("this PostgreSQL comes without dblink")
    own = environment.inside("postgres", "postgres").host
    dial = "select dblink_connect('host={} user=postgres dbname=postgres')"
    assert psql(environment, "-c", dial.format(own)).stdout == "OK\n"
    with store.open_run() as run, EmbeddedEngine().open(environment.plan, run) as other:
        refused = psql(environment, "-v", "VERBOSITY=sqlstate", "-c", dial.format(other.inside("", "").host))
    assert refused.stderr.split() == ["ERROR:", "08001"]


def test_nobody_has_a_capability_or_can_get_one(environment: EmbeddedEnvironment) -> None:
    read = "grep -E '^(CapEff|CapPrm|NoNewPrivs|Uid)' /proc/self/status"
    folder = environment.server.folders.log
    program = f"{read} > {folder}/status".replace("'", "''")
    assert psql(environment, "-c", f"copy (select 1) to program '{program}'").code == 0
    for status in (
        shell(environment, read).stdout,
        psql(environment, "-c", rf"\! {read}").stdout,
        (folder / "status").read_text(),
    ):
        facts = {name: values.split() for name, values in (line.split(":") for line in status.splitlines())}
        assert facts["CapEff"] == facts["CapPrm"] == ["0000000000000000"]
        assert facts["NoNewPrivs"] == ["1"]
        assert "0" not in facts["Uid"]


def test_a_namespace_of_its_own_uncovers_nothing(environment: EmbeddedEnvironment) -> None:
    entered = environment.run("project", (environment.python, "-c", UNCOVER, str(environment.plan.project)))
    assert entered.stdout.splitlines() == [
        "namespaces 0",
        "/tmp -1",
        "/run -1",
        f"{environment.plan.project} -1",
        "/ -1",
    ]


@pytest.mark.skipif(os.getuid() != 0, reason="PostgreSQL runs as who starts it, unless that is root")
def test_started_by_root_the_server_is_an_unprivileged_user(environment: EmbeddedEnvironment) -> None:
    launcher = psutil.Process(environment.server.child.pid)
    servers = [process for process in launcher.children(recursive=True) if process.name().startswith("postgres")]
    assert servers
    assert all(0 not in process.uids() and 0 not in process.gids() for process in servers)


def test_the_environment_is_built_from_nothing(environment: EmbeddedEnvironment) -> None:
    inside = environment.run("project", ("env",), environment={"ADDED": "by the caller"}).stdout
    names = {line.partition("=")[0] for line in inside.splitlines()}
    assert names - {"PWD", "SHLVL", "_"} == {
        *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"),
        *("SECRET_KEY", "ADDED"),
    }
    assert "SECRET_KEY" not in environment.run("server", ("env",)).stdout
    everything = shell(environment, "cat /proc/*/environ 2>/dev/null; ls -A $HOME").stdout
    assert CANARY not in everything


def test_other_processes_of_the_machine_are_not_there(environment: EmbeddedEnvironment) -> None:
    numbers = shell(environment, "ls -d /proc/[0-9]*").stdout.split()
    assert len(numbers) <= 3  # the first process of the namespace, the shell, ls


def test_folders_of_this_machine_list_what_is_in_them(environment: EmbeddedEnvironment) -> None:
    """Python imports only what a folder lists."""
    assert set(os.listdir("/usr")) == set(shell(environment, "ls -A /usr").stdout.split())


def test_the_working_tree_stays_as_it_is(environment: EmbeddedEnvironment) -> None:
    project = environment.plan.project
    written = shell(environment, "echo changed > manage.py && mkdir logs && echo line > logs/app.log && rm -f x")
    assert written.code == 0, written.stderr
    assert {path.name: path.read_text() for path in project.iterdir()} == {"manage.py": "# the user's own\n"}
    assert environment.read("project", f"{project}/logs/app.log") == b"line\n"
    assert shell(environment, "cat manage.py logs/app.log").stdout == "changed\nline\n"


@pytest.fixture
def homes() -> Iterator[Path]:
    """A folder of the caller's home, which the tests may write to."""
    with tempfile.TemporaryDirectory(dir=Path.home()) as folder:
        yield Path(folder).resolve()


def test_nothing_of_this_machine_is_seen_but_what_a_run_needs(environment: EmbeddedEnvironment, homes: Path) -> None:
    """Neither by the project's code, nor by a client, nor by the server, whose SQL comes from a dump."""
    secret = homes / "secret"
    secret.write_text(CANARY)
    secret.chmod(0o600)
    unseen = [str(secret), str(homes), "/etc/shadow", "/etc/ssl/private", "/var/lib", "/srv", "/etc/postgresql"]
    folder = environment.server.folders.log
    look = f"for name in {' '.join(unseen)}; do test -e $name && echo $name; done; true"
    assert shell(environment, look).stdout == ""
    assert psql(environment, "-c", rf"\! {look}").stdout == ""
    assert psql(environment, "-c", f"copy (select 1) to program '({look}) > {folder}/seen'").code == 0
    assert (folder / "seen").read_text() == ""


def test_a_client_sees_the_dump_and_not_the_project(environment: EmbeddedEnvironment, homes: Path) -> None:
    dump = homes / "prod.dump"
    dump.write_text("rows")
    path = environment.put("server", dump)
    seen = psql(environment, "-c", rf"\! cat {path}; ls {environment.plan.project}")
    assert (seen.stdout, seen.stderr.count("No such file")) == ("rows", 1)
    assert shell(environment, f"cat {path}").code != 0


def test_what_a_variable_of_the_scenario_names_is_seen(homes: Path) -> None:
    (homes / "lib").mkdir()
    (homes / "lib" / "libgeo.so").write_text("a library")
    (homes / "link").symlink_to("lib")
    with own_folders() as folder:
        named = {"GEO": f"{homes}/link/libgeo.so", "PLACES": f"/nonexistent:{homes}/link", "ELSE": str(Path.home())}
        with (
            store.open_run() as run,
            EmbeddedEngine().open(embedded_plan(folder / "project", environment=named), run) as opened,
        ):
            assert shell(opened, "cat $GEO").stdout == "a library"
            assert shell(opened, f"cat {homes}/link/libgeo.so {homes}/lib/libgeo.so").stdout == "a library" * 2
            assert shell(opened, f"echo x >> {homes}/lib/libgeo.so").code != 0
            assert shell(opened, f"ls {Path.home()}").stdout.split() in ([], [homes.name], [homes.parts[2]])


def test_a_home_that_is_a_repository_is_not_the_projects_tree(homes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (homes / "secret").write_text(CANARY)
    with own_folders() as folder:
        monkeypatch.setenv("HOME", str(homes))
        plan = embedded_plan(folder / "project")
        with store.open_run() as run, EmbeddedEngine().open(replace(plan, tree=homes), run) as opened:
            assert shell(opened, f"cat {homes}/secret").code != 0


def test_a_folder_that_was_put_is_a_layer_too(environment: EmbeddedEnvironment, tmp_path: Path) -> None:
    (tmp_path / "a, b: c").mkdir()
    (tmp_path / "a, b: c" / "settings.py").write_text("x = 1\n")
    path = environment.put("project", tmp_path / "a, b: c")
    assert environment.run("project", ("sh", "-c", "echo y >> settings.py && cat settings.py"), cwd=path).stdout
    assert (tmp_path / "a, b: c" / "settings.py").read_text() == "x = 1\n"
    assert environment.read("project", f"{path}/settings.py") == b"x = 1\ny\n"


def test_a_file_that_was_put_is_read_only(environment: EmbeddedEnvironment, tmp_path: Path) -> None:
    dump = tmp_path / "prod.sql"
    dump.write_text("select 42;\n")
    dump.chmod(0o600)
    path = environment.put("server", dump)
    assert psql(environment, "-f", path).stdout == "42\n"
    assert environment.run("server", ("sh", "-c", f"echo >> '{path}'")).code != 0
    assert dump.read_text() == "select 42;\n"


def test_nothing_outside_can_be_written_to(environment: EmbeddedEnvironment, tmp_path: Path) -> None:
    outside = Path(tempfile.mkdtemp(dir=Path.home())).resolve()
    try:
        for path in (outside / "x", tmp_path / "x", Path("/tmp/migsim-test-x"), Path("/proc/sys/kernel/hostname")):
            before = path.read_bytes() if path.exists() else None
            shell(environment, f"echo changed > {path}; mkdir -p {path}")
            assert (path.read_bytes() if path.exists() else None) == before
    finally:
        outside.rmdir()


def test_what_a_command_leaves_running_ends_with_it(environment: EmbeddedEnvironment) -> None:
    unlikely = "98765.4321"
    assert shell(environment, f"setsid sleep {unlikely} >/dev/null 2>&1 & echo started").stdout == "started\n"
    assert [process for process in psutil.process_iter() if unlikely in _arguments(process)] == []


def test_the_exit_code_is_the_commands_own(environment: EmbeddedEnvironment) -> None:
    assert [shell(environment, f"exit {code}").code for code in (0, 1, 7)] == [0, 1, 7]
    assert shell(environment, "kill -TERM $$").code == 128 + 15
    missing = environment.run("project", ("no-such-program",))
    assert (missing.code, missing.stderr) == (127, "no-such-program: No such file or directory\n")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give up the capability that namespaces need")
def test_without_namespaces_the_engine_refuses_or_says_so(tmp_path: Path) -> None:
    script = """\
import json, sys
from pathlib import Path
from simulator.host import store
from simulator.engines.embedded import EmbeddedEngine
from simulator.errors import CannotTell
from tests.support.places import own_folders
from tests.support.plans import embedded_plan
with own_folders() as folder, store.open_run() as run:
    strict = embedded_plan(folder / "project")
    lax = embedded_plan(folder / "project", confine_required=False)
    facts = {"unusable": EmbeddedEngine().unusable(strict), "lax": EmbeddedEngine().unusable(lax)}
    with EmbeddedEngine().open(lax, run) as environment:
        facts["confined"], facts["warnings"] = environment.confined, environment.warnings
        facts["code"] = environment.run("project", ("true",)).code
    try:
        with store.open_run() as run, EmbeddedEngine().open(strict, run): pass
    except CannotTell as error:
        facts["refused"], facts["hint"] = error.message, error.hint
print(json.dumps(facts))
"""
    powerless = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", sys.executable, "-c", script]
    done = subprocess.run(powerless, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert "can't confine" in facts["unusable"]
    assert "if-possible" in facts["unusable"]
    assert facts["lax"] is None
    assert "can't confine" in facts["refused"]
    assert "--confine if-possible" in facts["hint"]
    assert facts["confined"] is False
    assert [warning for warning in facts["warnings"] if warning.startswith("not confined: ")]
    assert facts["code"] == 0


@pytest.mark.skipif(os.getuid() != 0, reason="only root mounts")
def test_a_mount_below_the_systems_folders_keeps_nothing_from_being_confined(tmp_path: Path) -> None:
    """Such a folder is taken apart, and /lib leads into /usr once more."""
    script = "from simulator.engines.embedded.confinement import why_not; print(why_not())"
    mounted = f"mount --bind {tmp_path} /usr/lib/tmpfiles.d && exec {sys.executable} -c '{script}'"
    if not Path("/usr/lib/tmpfiles.d").is_dir():
        pytest.skip("this system has no such folder to mount on")
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", mounted],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert (done.stdout, done.stderr) == ("None\n", "")


@pytest.mark.skipif(os.getuid() != 0, reason="only root mounts")
def test_a_listener_where_no_overlay_is_possible_is_covered(tmp_path: Path) -> None:
    """Overlays on overlays: the kernel stacks two, so a third is refused and the folder is bound as it is."""
    script = """\
import subprocess, sys
from pathlib import Path
from simulator.host import store
from simulator.engines.embedded import EmbeddedEngine
from tests.support.command import until
from tests.support.listeners import TRY_ALL, listening
from tests.support.places import own_folders
from tests.support.plans import embedded_plan
from tests.support.engines import needs_confinement
stacked = Path(sys.argv[1])
with own_folders() as folder, listening([stacked], relative=False) as listeners, store.open_run() as run:
    with EmbeddedEngine().open(embedded_plan(folder / "project"), run) as environment:
        environment.put("server", stacked)
        tried = environment.run("server", (environment.python, "-c", TRY_ALL, listeners.as_argument))
        print(tried.stdout.strip(), sorted(listeners.reached))
        print(environment.run("server", ("cat", f"{stacked}/file")).stdout, end="")
        print(environment.run("server", ("touch", f"{stacked}/other")).code)
"""
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "file").write_text("seen\n")
    lower = f"{tmp_path}/a:{tmp_path}/b"
    stack = (
        f"mount -t overlay overlay -o lowerdir={lower},upperdir={tmp_path}/1,workdir={tmp_path}/2 {tmp_path}/c && "
        f"mount -t overlay overlay -o lowerdir={tmp_path}/c:{tmp_path}/b,upperdir={tmp_path}/3,workdir={tmp_path}/4"
        f" {tmp_path}/c && exec {sys.executable} -c '{script}' {tmp_path}/c"
    )
    for name in "1234":
        (tmp_path / name).mkdir()
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", stack], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 0, done.stderr
    tried, content, code = done.stdout.splitlines()
    assert '"reached"' not in tried
    assert tried.endswith("[]")
    assert (content, code) == ("seen", "1")


def test_all_of_this_holds_for_an_ordinary_user() -> None:
    with tempfile.TemporaryDirectory(prefix="ms", dir="/var/tmp") as folder:
        again_as_ordinary_user(Path(__file__).resolve(), Path(folder).resolve())


def _arguments(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
