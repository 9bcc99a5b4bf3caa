"""Which images a plan needs, and how they get here: pulled, else the sentence that says how to make them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import requests
from docker.errors import APIError, DockerException, ImageNotFound

from simulator.engines.docker import debian
from simulator.engines.docker.client import Daemon
from simulator.engines.plan import Image, Plan, Requirements
from simulator.errors import CannotTell

DEFAULT_PYTHON = "3.11"  # the one that Debian packages can make too
SECONDS_OF_SILENCE = 60  # the daemon itself gives up on an unreachable registry after 15
SECONDS_FOR_A_REGISTRY = 20

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Chosen:
    """The images of one run, each here or to be pulled."""

    server: str
    clients: str | None  # None: the server's own tools are new enough
    project: str | None  # None: the project's own Dockerfile names it

    @property
    def all(self) -> tuple[str, ...]:
        return tuple(image for image in (self.server, self.clients, self.project) if image)


def choose(daemon: Daemon, plan: Plan) -> Chosen:
    """The images for that plan; nothing is pulled yet. Raises CannotTell when one is neither here nor to be had.

    A server of the wanted major, else the nearest newer one that is here, unless the scenario names what it wants.
    """
    server = _server(daemon, plan)
    clients = newer_clients(daemon, plan, _major(server) or plan.postgres_major)
    project = _project(plan)
    if project:
        _require(daemon, project)
    return Chosen(server, clients, project)


def newer_clients(daemon: Daemon, plan: Plan, server_major: int) -> str | None:
    """The image whose pg_restore is new enough for the dump; None: the server's own is."""
    if plan.client_major <= server_major:
        return None
    here = [major for major in _majors_here(daemon) if major >= plan.client_major]
    image = postgres(min(here, default=plan.client_major))
    _require(daemon, image)
    return image


def _server(daemon: Daemon, plan: Plan) -> str:
    wanted = plan.postgres_image or postgres(plan.postgres_major)
    if is_here(daemon, wanted) or can_be_pulled(daemon, wanted):
        return wanted
    newer = [major for major in _majors_here(daemon) if major > plan.postgres_major]
    if plan.postgres_image or plan.exact_major or not newer:
        raise _not_to_be_had(wanted)
    return postgres(min(newer))


def _project(plan: Plan) -> str | None:
    match plan.dependencies:
        case Image(reference=reference):
            return reference
        case Requirements() as requirements:
            return python(requirements)
        case _:
            return None


def _require(daemon: Daemon, image: str) -> None:
    if not is_here(daemon, image) and not can_be_pulled(daemon, image):
        raise _not_to_be_had(image)


def _not_to_be_had(image: str) -> CannotTell:
    return CannotTell(f"{image} is not on this machine and no registry gives it", how_to_get(image))


def _majors_here(daemon: Daemon) -> list[int]:
    tags = [tag for image in daemon.client.images.list("postgres") for tag in image.tags]
    return [major for tag in tags if (major := _major(tag))]


def _major(image: str) -> int | None:
    """15 of "postgres:15"; None of any other image."""
    name, _, tag = image.partition(":")
    return int(tag) if name == "postgres" and tag.isdecimal() else None


def python(requirements: Requirements) -> str:
    return f"python:{requirements.python or DEFAULT_PYTHON}-slim"


def postgres(major: int) -> str:
    return f"postgres:{major}"


def is_here(daemon: Daemon, image: str) -> bool:
    try:
        daemon.client.images.get(image)
    except ImageNotFound:
        return False
    return True


def missing(daemon: Daemon, images: Iterable[str]) -> tuple[str, ...]:
    """Those that are not here."""
    return tuple(image for image in images if not is_here(daemon, image))


def can_be_pulled(daemon: Daemon, image: str) -> bool:
    """Whether a registry has it, which the daemon asks without pulling."""
    before = daemon.client.api.timeout
    daemon.client.api.timeout = SECONDS_FOR_A_REGISTRY
    try:
        daemon.client.images.get_registry_data(image)
    except (DockerException, requests.RequestException):
        return False
    finally:
        daemon.client.api.timeout = before
    return True


def ensure(daemon: Daemon, images: Iterable[str], tell: Tell = lambda _text: None) -> None:
    """Pull what is not here. Raises CannotTell that names the image and the daemon's reason."""
    for image in missing(daemon, images):
        tell(f"pulling {image}")
        pull(daemon, image, tell)


def pull(daemon: Daemon, image: str, tell: Tell = lambda _text: None) -> None:
    """Pull one image, telling each layer's end. Raises CannotTell with the daemon's reason."""
    before = daemon.client.api.timeout
    daemon.client.api.timeout = SECONDS_OF_SILENCE
    name, tag = split(image)
    failed = ""
    try:
        # To the end: a stream that is left lets its connection lie open.
        for event in daemon.client.api.pull(name, tag=tag, stream=True, decode=True):
            failed = failed or event.get("error", "")
            if event.get("status") in ("Pull complete", "Already exists"):
                tell(f"{image}: layer {event.get('id', '')} is here")
    except (APIError, requests.RequestException) as error:
        reason = error.explanation if isinstance(error, APIError) else "no registry answered"
        raise CannotTell(f"{image} is not on this machine and can't be pulled: {reason}", how_to_get(image)) from error
    finally:
        daemon.client.api.timeout = before
    if failed:
        raise CannotTell(f"{image} can't be pulled: {failed}", how_to_get(image))


def how_to_get(image: str) -> str:
    """What to type to have an image that no registry gave."""
    pull = f"docker pull {image}"
    return f"{pull}, or from Debian's packages: migsim images --build {image}" if debian.recipe(image) else pull


def split(image: str) -> tuple[str, str]:
    """Name and tag ("latest" where none is given; a registry's port is no tag), or name and digest."""
    if "@" in image:
        name, _, digest = image.partition("@")
        return name, digest
    name, colon, tag = image.rpartition(":")
    return (name, tag) if colon and "/" not in tag else (image, "latest")
