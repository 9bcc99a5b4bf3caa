"""What SQL of a dump puts in the place of the server's socket leads migsim's own connections nowhere."""

from __future__ import annotations

import io
from collections.abc import Iterator

import psycopg
import pytest

from simulator.engines.docker import DockerEngine, client, relay
from simulator.engines.docker.clients import PORT, SOCKETS
from simulator.engines.docker.environment import DockerEnvironment
from simulator.errors import CannotTell
from simulator.host import store
from tests.support.containers import docker_plan
from tests.support.places import own_folders

pytestmark = pytest.mark.docker

# Stays when whoever started it has ended, as a child of the container's init like the postmaster.
IMPOSTOR = """\
use Socket; use POSIX;
exit if fork; POSIX::setsid; exit if fork; close STDIN; close STDOUT; close STDERR;
socket(my $listener, PF_UNIX, SOCK_STREAM, 0);
bind($listener, sockaddr_un($ARGV[0])); chmod(0777, $ARGV[0]); listen($listener, 5);
while (accept(my $client, $listener)) { open(my $met, ">>", $ARGV[1]); print $met "met\\n"; close $met; close $client; }
"""


@pytest.fixture
def environment() -> Iterator[DockerEnvironment]:
    with own_folders() as folder, store.open_run() as run:
        with DockerEngine().open(docker_plan(folder / "project"), run) as opened:
            yield opened


def as_server(environment: DockerEnvironment, command: str, port: int = PORT) -> int:
    """Run a command as the server's user, as SQL of a dump can."""
    program = command.replace("'", "''")
    query = f"COPY (SELECT 1) TO PROGRAM '{program}'"
    asked = ("psql", "-XAtq", "-h", SOCKETS, "-p", str(port), "-U", "postgres", "-c", query)
    return environment.run("server", asked).code


def connect(environment: DockerEnvironment) -> str:
    """What migsim's own connection gets."""
    address = environment.address("postgres", "postgres")
    with psycopg.connect(
        host=address.host, port=address.port, user="postgres", dbname="postgres", connect_timeout=10
    ) as connection:
        row = connection.execute("SELECT 'the server'").fetchone()
    return row[0] if row else ""


def test_a_process_that_listens_in_the_servers_place_is_not_talked_to(environment: DockerEnvironment) -> None:
    assert connect(environment) == "the server"
    written = ("sh", "-c", "cat > /tmp/impostor.pl && chmod 644 /tmp/impostor.pl")
    assert environment.run("server", written, stdin=io.BytesIO(IMPOSTOR.encode())).code == 0
    assert as_server(environment, f"mv {SOCKETS}/.s.PGSQL.5432 {SOCKETS}/.s.PGSQL.5433") == 0
    start = f"perl /tmp/impostor.pl {SOCKETS}/.s.PGSQL.5432 {SOCKETS}/met"
    assert as_server(environment, start, port=5433) == 0
    assert environment.run("server", ("test", "-S", f"{SOCKETS}/.s.PGSQL.5432")).code == 0
    for _ in range(2):
        with pytest.raises(psycopg.OperationalError):
            connect(environment)
    met = environment.run("server", ("sh", "-c", f"sleep 0.5; cat {SOCKETS}/met")).stdout
    assert met.splitlines()[:1] == ["met"]  # it was connected to, and hung up on before a word


def test_a_link_in_the_sockets_place_leads_nowhere(environment: DockerEnvironment) -> None:
    assert connect(environment) == "the server"
    swap = f"mv {SOCKETS}/.s.PGSQL.5432 {SOCKETS}/moved && ln -s /run/docker.sock {SOCKETS}/.s.PGSQL.5432"
    assert as_server(environment, swap) == 0
    with pytest.raises(psycopg.OperationalError):
        connect(environment)


def test_the_servers_user_and_the_project_cannot_touch_the_relay(environment: DockerEnvironment) -> None:
    connect(environment)
    find = "grep -lz SO_PEER[C]RED /proc/[0-9]*/cmdline"
    seen = environment.run("server", ("sh", "-c", find)).stdout.split()
    assert seen, relay.SCRIPT
    number = seen[0].split("/")[2]
    assert as_server(environment, f"kill -9 {number}") != 0
    assert as_server(environment, f"cat /proc/{number}/environ") != 0
    assert environment.run("project", ("sh", "-c", find)).stdout == ""


def test_an_image_whose_entrypoint_stays_is_refused_with_the_reason() -> None:
    dockerfile = b'FROM postgres:15\nENTRYPOINT ["sh", "-c", "docker-entrypoint.sh \\"$@\\"; exit $?", "sh"]\n'
    with client.connect() as daemon, own_folders() as folder:
        daemon.client.images.build(fileobj=io.BytesIO(dockerfile), tag="migsim-test-stays", rm=True)
        try:
            plan = docker_plan(folder / "project", postgres_image="migsim-test-stays")
            with store.open_run() as run, pytest.raises(CannotTell, match="migsim-test-stays does not hand over"):
                with DockerEngine().open(plan, run) as environment:
                    environment.address("postgres", "postgres")
        finally:
            daemon.client.images.remove("migsim-test-stays")
