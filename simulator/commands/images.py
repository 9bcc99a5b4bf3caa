"""``migsim images``: the images that the docker engine needs; listed, pulled, or built from Debian packages."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.markup import escape

from simulator.engines.docker import client, debian, images
from simulator.engines.docker.client import Daemon
from simulator.errors import CannotTell, ExitCode

# What a run needs whose scenario names nothing else.
USUAL = (images.postgres(15), f"python:{images.DEFAULT_PYTHON}-slim")

Tell = Callable[[str], None]


def run(names: tuple[str, ...], *, pull: bool, build: bool, console: Console) -> int:
    """Say which images are here, after getting the missing ones if asked to; 3 when one is still missing."""
    with client.connect() as daemon:
        problems = [_listed(daemon, image, pull or build, build, console) for image in names or USUAL]
    return ExitCode.CANNOT_TELL if any(problems) else 0


def _listed(daemon: Daemon, image: str, pull: bool, build: bool, console: Console) -> str | None:
    """Get one image if asked to and print its line; what is still wrong with it."""
    problem = _get(daemon, image, pull=pull, build=build, tell=lambda line: console.print(escape(line)))
    mark = "[green]here   [/]" if problem is None else "[red]missing[/]"
    console.print(f"{mark}  {escape(image)}" + (f"  {escape(problem)}" if problem else ""))
    return problem


def _get(daemon: Daemon, image: str, *, pull: bool, build: bool, tell: Tell) -> str | None:
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
