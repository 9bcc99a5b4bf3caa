"""Which images a plan needs, and how they get here: pulled, else the sentence that says how to make them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import requests
from docker.errors import APIError, DockerException, ImageNotFound

from simulator.engines.docker.client import Daemon
from simulator.errors import CannotTell
from simulator.plan import Image, Plan, Requirements

DEFAULT_PYTHON = "3.11"  # the one that Debian packages can make too
SECONDS_OF_SILENCE = 60  # the daemon itself gives up on an unreachable registry after 15
SECONDS_FOR_A_REGISTRY = 20

Tell = Callable[[str], None]


def server_image(plan: Plan) -> str:
    """The server's image."""
    return plan.postgres_image or postgres(plan.postgres_major)


def client_image(plan: Plan, server_major: int) -> str | None:
    """The image whose psql and pg_restore are new enough; None: the server's own are."""
    return postgres(plan.client_major) if plan.client_major > server_major else None


def project_image(plan: Plan) -> str | None:
    """The image that the project's place starts from; None: its own Dockerfile names it."""
    match plan.dependencies:
        case Image(reference=reference):
            return reference
        case Requirements() as requirements:
            return python(requirements)
        case _:
            return None


def needed(plan: Plan) -> tuple[str, ...]:
    """Every image that has to be here before a run of that plan."""
    server = server_image(plan)
    found = (server, client_image(plan, plan.postgres_major), project_image(plan))
    return tuple(dict.fromkeys(image for image in found if image))


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


def ensure(daemon: Daemon, images: Iterable[str]) -> None:
    """Pull what is not here. Raises CannotTell that names the image and the daemon's reason."""
    for image in missing(daemon, images):
        pull(daemon, image)


def pull(daemon: Daemon, image: str, tell: Tell = lambda _text: None) -> None:
    """Pull one image, telling each layer's end. Raises CannotTell with the daemon's reason."""
    before = daemon.client.api.timeout
    daemon.client.api.timeout = SECONDS_OF_SILENCE
    name, tag = split(image)
    try:
        for event in daemon.client.api.pull(name, tag=tag, stream=True, decode=True):
            if "error" in event:
                raise CannotTell(f"{image} can't be pulled: {event['error']}", how_to_get(image))
            if event.get("status") in ("Pull complete", "Already exists"):
                tell(f"{image}: layer {event.get('id', '')} is here")
    except (APIError, requests.RequestException) as error:
        reason = error.explanation if isinstance(error, APIError) else "no registry answered"
        raise CannotTell(f"{image} is not on this machine and can't be pulled: {reason}", how_to_get(image)) from error
    finally:
        daemon.client.api.timeout = before


def how_to_get(image: str) -> str:
    """What to type to have an image that no registry gave."""
    return f"docker pull {image}, or from Debian's packages: migsim images --build {image}"


def split(image: str) -> tuple[str, str]:
    """Name and tag ("latest" where none is given; a registry's port is no tag), or name and digest."""
    if "@" in image:
        name, _, digest = image.partition("@")
        return name, digest
    name, colon, tag = image.rpartition(":")
    return (name, tag) if colon and "/" not in tag else (image, "latest")
