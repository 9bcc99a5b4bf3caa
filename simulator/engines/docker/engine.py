"""Opens docker environments, and removes what dead runs left of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from simulator.engines.docker import client, clients, images, objects, project, relay, server
from simulator.engines.docker.clients import PORT, SOCKETS, Clients
from simulator.engines.docker.environment import DockerEnvironment
from simulator.engines.docker.objects import Objects
from simulator.engines.docker.server import Server
from simulator.errors import CannotTell
from simulator.plan import Interpreter, Plan
from simulator.store import Run


class DockerEngine:
    """PostgreSQL and the project's Python in containers."""

    name = "docker"

    def unusable(self, plan: Plan) -> str | None:
        if isinstance(plan.dependencies, Interpreter):
            return "an interpreter of this machine does not run in a container: --engine embedded, or `requirements:`"
        try:
            daemon = client.connect()
        except CannotTell as error:
            return f"{error.message}: {error.hint}"
        for image in images.missing(daemon, images.needed(plan)):
            if not images.can_be_pulled(daemon, image):
                return f"{image} is not on this machine and no registry gives it: {images.how_to_get(image)}"
        return None

    @contextlib.contextmanager
    def open(self, plan: Plan, run: Run) -> Iterator[DockerEnvironment]:
        daemon = client.connect()
        images.ensure(daemon, images.needed(plan))
        made = Objects(daemon, run)
        with objects.removing(made):
            sockets = made.volume("sockets")
            starting = server.start(
                made, images.server_image(plan), sockets=sockets, parameters=plan.parameters, dumps=plan.dumps
            )
            code = project.start(made, plan, sockets)  # while the server makes its cluster
            running = server.wait(starting)
            tools = _clients(made, plan, running, sockets)
            target = f"{SOCKETS}/.s.PGSQL.{PORT}"
            with relay.listening(run.folder / "s", code.container, code.python, target, PORT) as folder:
                yield DockerEnvironment(
                    server=running, clients=tools, place=code, sockets=folder, warnings=_warnings(plan, running)
                )

    def remove(self, entry: Mapping[str, str]) -> bool:
        return objects.remove_entry(entry)


def missing_images(plan: Plan) -> tuple[str, ...]:
    """The images that a run of that plan needs and this machine has not. Raises CannotTell without a daemon."""
    return images.missing(client.connect(), images.needed(plan))


def _clients(made: Objects, plan: Plan, running: Server, sockets: str) -> Clients:
    image = images.client_image(plan, running.major)
    if image is None:
        return clients.beside(running.container, running.major, plan.dumps)
    images.ensure(made.daemon, [image])
    return clients.apart(made, image, plan.client_major, sockets=sockets, dumps=plan.dumps)


def _warnings(plan: Plan, running: Server) -> tuple[str, ...]:
    if running.major == plan.postgres_major:
        return ()
    image = images.server_image(plan)
    return (f"the server of {image} is PostgreSQL {running.major}, not {plan.postgres_major}",)
