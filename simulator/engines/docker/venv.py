"""The project's requirements in a virtual environment on a cached volume.

A throwaway container with a network fills the volume; the key is the content of the requirements files and the
base image. A marker inside, written last, says that it is complete.
"""

from __future__ import annotations

import hashlib
import os
import re

from docker.errors import APIError, NotFound

from simulator.engines import index
from simulator.engines.docker import archive, outside
from simulator.engines.docker.container import Container
from simulator.engines.docker.objects import (
    CACHE_LABEL,
    WAIT_FOREVER,
    Objects,
    remove_container,
    remove_volume,
    volume_mount,
)
from simulator.engines.docker.place import VENV
from simulator.engines.plan import Requirements
from simulator.engines.requirements import Gathered, gather
from simulator.errors import CannotTell
from simulator.host.store import cached
from simulator.model import Outcome

MARKER = f"{VENV}/.migsim-complete"
_FILES = "/opt/migsim/requirements"
_CERTIFICATES = "/opt/migsim/certificates.pem"
_CONSTRAINT = "/opt/migsim/constraint.txt"
_OLD_SETUPTOOLS = "setuptools<58"  # the last that translates Python 2
_FORMAT = b"1"  # of what a volume holds; another one makes all of them again
_QUIET = {
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_NO_INPUT": "1",
    "PIP_PROGRESS_BAR": "off",
    "PIP_ROOT_USER_ACTION": "ignore",
}
_NO_COMPILER = re.compile(r"pg_config|Python\.h|command 'c?gcc'|'[^']*-gcc'|\bgcc\b.*(not found|No such)|psycopg2")


def volume(objects: Objects, image: str, requirements: Requirements) -> str:
    """The volume that has what ``requirements`` ask for, with ``image``'s Python; filled if it is not there.

    Raises CannotTell with the file's name and pip's last lines when it can't be installed.
    """
    gathered = gather(requirements.files)
    if any(argument.endswith("pyproject.toml") for argument in gathered.arguments):
        raise CannotTell(
            f"{requirements.files[0]} has its dependencies in Poetry's own format, which pip in a container can't read",
            "use --engine embedded, name what `poetry export` writes, or bring an image with `image:` or `build:`",
        )
    if gathered.local:
        raise CannotTell(
            f"{requirements.files[0]} installs {gathered.local[0]} from this machine, which no container has",
            "use --engine embedded, or bring an image with `image:` or `build:`",
        )
    name = name_of(str(objects.daemon.client.images.get(image).id), gathered)
    # Two runs that need the same volume must not fill it at once; the lock is a cache entry's.
    with cached("docker-venvs", f"{name}-{_digest(objects.daemon.host)}") as (_folder, ready):
        if not (ready and _exists(objects, name)):
            _fill(objects, image, name, requirements, gathered)
    return name


def name_of(image_id: str, gathered: Gathered) -> str:
    """The volume's name: the same for the same base image and content."""
    digest = hashlib.sha256(_FORMAT + image_id.encode())
    for name, content in gathered.contents:
        digest.update(f"\0{name}\0".encode() + content)
    return f"migsim-venv-{digest.hexdigest()[:24]}"


def _exists(objects: Objects, name: str) -> bool:
    try:
        labels = objects.daemon.client.api.inspect_volume(name)["Labels"] or {}
    except NotFound:
        return False
    return CACHE_LABEL in labels


def _fill(objects: Objects, image: str, name: str, requirements: Requirements, gathered: Gathered) -> None:
    """Install into the volume, from scratch unless somebody else has completed it."""
    if _exists(objects, name):
        if _is_complete(objects, image, name):
            return
        _remove_half_filled(objects, name)
    objects.run.tell(f"installing {requirements.files[0].name} in a container of {image}; kept for later runs")
    objects.daemon.client.api.create_volume(name, labels={CACHE_LABEL: "venv"})
    installer = objects.container(
        "install", image, network="bridge", entrypoint=WAIT_FOREVER, mounts=[volume_mount(name, VENV)], user="0"
    )
    try:
        _install(Container(objects.daemon, installer, f"the installing container ({image})"), requirements, gathered)
    finally:
        remove_container(objects.daemon, installer)


def _is_complete(objects: Objects, image: str, name: str) -> bool:
    looker = objects.container("look", image, entrypoint=WAIT_FOREVER, mounts=[volume_mount(name, VENV)], user="0")
    try:
        container = Container(objects.daemon, looker, f"a container of {image}")
        return container.run(("test", "-e", MARKER)).code == 0
    finally:
        remove_container(objects.daemon, looker)


def _remove_half_filled(objects: Objects, name: str) -> None:
    try:
        remove_volume(objects.daemon, name)
    except APIError as error:
        raise CannotTell(
            f"the volume {name} is being filled by another run", "wait for it, or: docker volume rm " + name
        ) from error


def _install(container: Container, requirements: Requirements, gathered: Gathered) -> None:
    container.upload("/", archive.of_contents((f"{_FILES[1:]}/{name}", content) for name, content in gathered.contents))
    certificates = outside.certificates(os.environ)
    if certificates:
        container.upload("/", archive.of_contents([(_CERTIFICATES[1:], certificates)]))
    made = container.run(("sh", "-c", f'"$(command -v python3 || command -v python)" -m venv {VENV}'))
    if made.code != 0:
        raise CannotTell(f"no virtual environment can be made in {container.title}: {_last(made)}", "migsim doctor")
    if gathered.arguments:
        _pip(container, requirements, gathered, _way_out(certificates is not None))
    container.run(("touch", MARKER))


def _pip(container: Container, requirements: Requirements, gathered: Gathered, way_out: dict[str, str]) -> None:
    """Install with pip; where that fails, once more with a setuptools that still knows old sources."""
    pip = (f"{VENV}/bin/python", "-m", "pip", "install")
    folder = f"{_FILES}/{gathered.folder}"
    installed = container.run((*pip, *gathered.arguments), cwd=folder, environment=way_out)
    if installed.code == 0:
        return
    # Sources without a pyproject.toml are built with the environment's own setuptools, others in isolation.
    container.upload("/", archive.of_contents([(_CONSTRAINT[1:], f"{_OLD_SETUPTOOLS}\n".encode())]))
    container.run((*pip, _OLD_SETUPTOOLS, "wheel"), environment=way_out)
    constrained = {**way_out, "PIP_CONSTRAINT": _CONSTRAINT}
    again = container.run((*pip, *gathered.arguments), cwd=folder, environment=constrained)
    if again.code != 0:
        names = ", ".join(str(path) for path in requirements.files)
        said = (installed.stderr, again.stderr)
        raise index.unreachable(names, said) or CannotTell(
            f"{names} can't be installed: {_last(installed)}", _hint(installed)
        )


def _way_out(certificates: bool) -> dict[str, str]:
    found = {**_QUIET, **outside.index_settings(os.environ), **outside.proxies(os.environ)}
    if certificates:
        found |= dict.fromkeys(outside.BUNDLES, _CERTIFICATES)
    return found


def _hint(outcome: Outcome) -> str:
    if _NO_COMPILER.search(outcome.stdout + outcome.stderr):
        return (
            "name what has to be compiled in the scenario: `system_packages: [gcc, libpq-dev, python3-dev]`, "
            "or require psycopg2-binary"
        )
    return "correct the file, name another `python:`, or bring an image with `image:` or `build:`"


def _last(outcome: Outcome) -> str:
    """pip's own last words, without what could be a credential in an index's address."""
    lines = [line.strip(" ×│╰─▶├>") for line in (outcome.stderr or outcome.stdout).splitlines()]
    spoken = [
        line for line in lines if line and not line.lower().startswith(("note:", "hint:", "warning:", "[notice]"))
    ]
    said = [line for line in spoken if line.lower().startswith("error:")] or spoken or ["it said nothing"]
    return re.sub(r"://[^/@\s]+@", "://…@", " / ".join(said[-3:]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
