"""The project's container: its image just waits, without any network, and commands are run in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from simulator.engines.docker import archive
from simulator.engines.docker.archive import Owner
from simulator.engines.docker.clients import SOCKETS, WORK
from simulator.engines.docker.container import Container
from simulator.engines.docker.objects import WAIT_FOREVER, Objects, volume_mount
from simulator.errors import CannotTell

VENV = "/opt/migsim/venv"
# One round trip for all that has to be known: user, group, which Python, where manage.py is. Its argument is
# manage.py's folder in the repository. Of several Pythons the one that has Django is the project's.
_ASK = """
python=
for candidate in python python3 "$PWD/.venv/bin/python" /venv/bin/python /opt/venv/bin/python; do
    path=$(command -v "$candidate") || continue
    python=${python:-$path}
    if "$path" -c 'import django' 2>/dev/null; then python=$path; break; fi
done
folder=$PWD
for candidate in "$PWD" "$PWD/$1"; do
    if [ -e "$candidate/manage.py" ]; then folder=$candidate; break; fi
done
printf '%s\\n' "$(id -u)" "$(id -g)" "$python" "$folder"
"""


@dataclass(frozen=True)
class Place:
    """Where the project's code runs."""

    container: Container
    python: str
    owner: Owner  # whom its files have to belong to


def start(objects: Objects, image: str, *, sockets: str, venv: str | None, environment: Mapping[str, str]) -> Container:
    """Start the container. ``venv`` is the volume of a virtual environment; ``environment`` is secret and given
    to commands only, so that ``docker inspect`` does not show it."""
    mounts = [volume_mount(sockets, SOCKETS, read_only=True), volume_mount(objects.volume("project-work"), WORK)]
    if venv:
        mounts.append(volume_mount(venv, VENV, read_only=True))
    name = objects.container("project", image, entrypoint=WAIT_FOREVER, mounts=mounts, healthcheck={"test": ["NONE"]})
    paths = {"PATH": f"{VENV}/bin:{_path(objects, image)}", "VIRTUAL_ENV": VENV} if venv else {}
    title = f"the project's container ({image})"
    return Container(objects.daemon, name, title, environment={**paths, **environment})


def look(container: Container, image: str, inside: str) -> Place:
    """Find out what the image brings. ``inside`` is manage.py's folder, relative to the whole tree.

    Raises CannotTell when there is no Python in it.
    """
    said = container.run(("sh", "-c", _ASK, "sh", inside)).stdout.splitlines()
    uid, gid, python, folder = [*said, "", "", "", ""][:4]
    if not python:
        raise CannotTell(f"{image} has no python on its PATH", "name the project's own image, or `requirements:`")
    owner = (int(uid), int(gid))
    container.upload("/", archive.of_folders([f"{WORK[1:]}", f"{WORK[1:]}/scratch"], owner))
    return Place(replace(container, cwd=folder), python, owner)


def _path(objects: Objects, image: str) -> str:
    environment = objects.daemon.client.images.get(image).attrs["Config"].get("Env") or ()
    return next((line[5:] for line in environment if line.startswith("PATH=")), "/usr/local/bin:/usr/bin:/bin")
