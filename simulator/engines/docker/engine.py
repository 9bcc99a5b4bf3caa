"""Opens docker environments, and removes what dead runs left of them."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence

from simulator.engines.base import Check
from simulator.engines.docker import client, clients, forks, images, objects, project, relay, server, tools
from simulator.engines.docker.clients import PORT, SOCKETS, Clients
from simulator.engines.docker.environment import DockerEnvironment, ServerSide
from simulator.engines.docker.images import Chosen
from simulator.engines.docker.objects import Objects
from simulator.engines.docker.server import Server
from simulator.engines.forks import Forks
from simulator.engines.plan import Interpreter, Plan
from simulator.errors import CannotTell
from simulator.host.store import Run


class DockerEngine:
    """PostgreSQL and the project's Python in containers."""

    name = "docker"

    def unusable(self, plan: Plan) -> str | None:
        if isinstance(plan.dependencies, Interpreter):
            return "an interpreter of this machine does not run in a container: --engine embedded, or `requirements:`"
        try:
            with client.connect() as daemon:
                images.choose(daemon, plan)
        except CannotTell as error:
            return f"{error.message}: {error.hint}"
        return None

    @contextlib.contextmanager
    def open(self, plan: Plan, run: Run) -> Iterator[DockerEnvironment]:
        with client.connect() as daemon:
            chosen = images.choose(daemon, plan)
            images.ensure(daemon, chosen.all, run.tell)
            made = Objects(daemon, run)
            with objects.removing(made), _opened(made, plan, chosen) as environment:
                yield environment

    def remove(self, entry: Mapping[str, str]) -> bool:
        return objects.remove_entry(entry)

    def checks(self) -> Iterator[Check]:
        return tools.checks()

    def obtain_images(
        self, names: Sequence[str], *, pull: bool, build: bool, tell: Callable[[str], None]
    ) -> Iterator[tuple[str, str | None]]:
        return tools.obtain_images(names, pull=pull, build=build, tell=tell)

    def list_caches(self) -> Iterator[tuple[str, str]]:
        return tools.list_caches()

    def prune_caches(self) -> Iterator[tuple[str, str | None]]:
        return tools.prune_caches()


@contextlib.contextmanager
def _opened(made: Objects, plan: Plan, chosen: Chosen) -> Iterator[DockerEnvironment]:
    sockets = made.volume("sockets")
    starting = server.start(made, chosen.server, sockets=sockets, parameters=plan.parameters, dumps=plan.dumps)
    code = project.start(made, plan, sockets)  # while the server makes its cluster
    beside = relay.start(made, "relay", code, starting)
    target = f"{SOCKETS}/.s.PGSQL.{PORT}"

    @functools.cache
    def awaited() -> ServerSide:
        running = server.wait(starting)
        warnings = _warnings(plan, running, chosen.server)
        return ServerSide(running, _clients(made, plan, running, sockets), warnings)

    with relay.listening(made.run.folder / "s", beside, code.python, target) as folder:
        ground = forks.Ground(made, starting, sockets, code, plan.parameters)
        its_forks = Forks(functools.partial(forks.start, ground))
        try:
            yield DockerEnvironment(awaited=awaited, place=code, sockets=folder, forks=its_forks)
        finally:
            its_forks.end_all()


def _clients(made: Objects, plan: Plan, running: Server, sockets: str) -> Clients:
    image = images.newer_clients(made.daemon, plan, running.major)
    if image is None:
        return clients.beside(running.container, running.major, plan.dumps)
    images.ensure(made.daemon, [image], made.run.tell)
    return clients.apart(made, image, sockets=sockets, dumps=plan.dumps)


def _warnings(plan: Plan, running: Server, image: str) -> tuple[str, ...]:
    """Raises CannotTell for an image whose server is older than what the dump came from."""
    if running.major < plan.postgres_major:
        raise CannotTell(
            f"the server of {image} is PostgreSQL {running.major}, older than the {plan.postgres_major} wanted",
            f"name postgres:{plan.postgres_major} or newer as `postgres.image` in the scenario",
        )
    if running.major == plan.postgres_major:
        return ()
    return (f"the server is PostgreSQL {running.version} ({image}), not {plan.postgres_major}",)
