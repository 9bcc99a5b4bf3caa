"""What ``migsim doctor``, ``images`` and ``cache`` ask of Docker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from simulator.engines.base import Check
from simulator.engines.docker import caches, client, debian, images
from simulator.engines.docker.client import Daemon
from simulator.errors import CannotTell

# What a run needs whose scenario names nothing else.
USUAL_IMAGES = (images.postgres(15), f"python:{images.DEFAULT_PYTHON}-slim")

Tell = Callable[[str], None]


def checks() -> Iterator[Check]:
    """The daemon, then the images that most runs need."""
    try:
        with client.connect() as daemon:
            yield Check("docker", f"engine {daemon.version} at {daemon.host}")
            yield from [_check_image(daemon, image) for image in USUAL_IMAGES]
    except CannotTell as error:
        yield Check("docker", problem=f"{error.message} (hint: {error.hint})")


def obtain_images(names: Sequence[str], *, pull: bool, build: bool, tell: Tell) -> Iterator[tuple[str, str | None]]:
    """Each image with what is still wrong with it, after getting the missing ones if asked to. Raises CannotTell."""
    with client.connect() as daemon:
        for image in names or USUAL_IMAGES:
            yield image, _obtain(daemon, image, pull=pull or build, build=build, tell=tell)


def list_caches() -> Iterator[tuple[str, str]]:
    """Each by its kind and its name. Raises CannotTell."""
    with client.connect() as daemon:
        yield from caches.listed(daemon)


def prune_caches() -> Iterator[tuple[str, str | None]]:
    """Each that was removed, or with the reason why not. Raises CannotTell."""
    with client.connect() as daemon:
        yield from caches.prune(daemon)


def _check_image(daemon: Daemon, image: str) -> Check:
    here = images.is_here(daemon, image)
    return Check("image", image, None if here else f"{image} is not here (hint: {images.how_to_get(image)})")


def _obtain(daemon: Daemon, image: str, *, pull: bool, build: bool, tell: Tell) -> str | None:
    """Get one image as far as allowed; what to do about it if it is still missing."""
    if images.is_here(daemon, image):
        return None
    if not pull:
        return images.how_to_get(image)
    refused = _pull(daemon, image, tell)
    if refused is None or not build:
        return refused
    recipe = debian.recipe(image)
    if recipe is None:
        return f"{refused}; and Debian has no such version (it has {', '.join(debian.possible())})"
    tell(f"{image}: no registry gives it; building it from Debian {recipe.suite} (about a minute)")
    debian.build(daemon.client, recipe)
    return None


def _pull(daemon: Daemon, image: str, tell: Tell) -> str | None:
    try:
        images.pull(daemon, image, tell)
    except CannotTell as error:
        return error.message
    return None
