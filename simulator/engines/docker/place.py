"""The project's container: its image just waits, without any network, and commands are run in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from docker.types import Mount

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
printf '%s\\n' "$(id -u)" "$(id -g)" "$python" "$folder" "$PWD"
"""
# Lays a copy of the image's own folder under a checkout. Its migrations stay behind: one that the checkout no
# longer has must not come back from the image. Those of installed packages are not the image's own.
_LAY_UNDER = """
if [ -e "$1/manage.py" ]; then to=$2/$3; else to=$2; fi
mkdir -p "$to"
cp -a "$1/." "$to"
find "$to" -name site-packages -prune -o -type d -name migrations -prune -exec rm -rf {} +
"""


@dataclass(frozen=True)
class Place:
    """Where the project's code runs."""

    container: Container
    image: str
    mounts: Sequence[Mount]
    python: str
    owner: Owner  # whom its files have to belong to
    workdir: str  # the image's own
    inside: str  # manage.py's folder, relative to the whole tree
    checkout: bool = False  # whether a tree that is put goes over what the image has in its WORKDIR

    def put_tree(self, source: Path, name: str) -> None:
        """Bring a project's tree to the place's own folder, as ``name`` there."""
        if self.checkout and (source / self.inside / "manage.py").exists():
            self._lay_under(f"{WORK}/{name}")
        self.container.upload(WORK, archive.of_tree(source, name, self.owner))

    def _lay_under(self, target: str) -> None:
        self.container.upload(WORK, archive.of_folders([str(Path(target).parent.relative_to(WORK))], self.owner))
        laid = self.container.run(("sh", "-c", _LAY_UNDER, "sh", self.workdir, target, self.inside))
        if laid.code != 0:
            raise CannotTell(
                f"{self.workdir} of the image can't be copied: {laid.stderr.strip()}", "docker info; df -h"
            )


def mounts(objects: Objects, *, sockets: str, venv: str | None) -> list[Mount]:
    """What the container has besides its image; ``venv`` is the volume of a virtual environment."""
    work = [volume_mount(sockets, SOCKETS, read_only=True), volume_mount(objects.volume("project-work"), WORK)]
    return [*work, volume_mount(venv, VENV, read_only=True)] if venv else work


def start(
    objects: Objects, image: str, mounts: Sequence[Mount], *, venv: bool, environment: Mapping[str, str]
) -> Container:
    """Start the container. ``environment`` is secret and given to commands only, so that ``docker inspect`` does not
    show it."""
    name = objects.container("project", image, entrypoint=WAIT_FOREVER, mounts=mounts, healthcheck={"test": ["NONE"]})
    paths = {"PATH": f"{VENV}/bin:{_path(objects, image)}", "VIRTUAL_ENV": VENV} if venv else {}
    title = f"the project's container ({image})"
    return Container(objects.daemon, name, title, environment={**paths, **environment})


def look(container: Container, image: str, mounts: Sequence[Mount], inside: str) -> Place:
    """Find out what the image brings. ``inside`` is manage.py's folder, relative to the whole tree.

    Raises CannotTell when there is no Python in it.
    """
    said = container.run(("sh", "-c", _ASK, "sh", inside)).stdout.splitlines()
    uid, gid, python, folder, workdir = [*said, "", "", "", "", ""][:5]
    if not python:
        raise CannotTell(f"{image} has no python on its PATH", "name the project's own image, or `requirements:`")
    owner = (int(uid), int(gid))
    container.upload("/", archive.of_folders([f"{WORK[1:]}", f"{WORK[1:]}/scratch"], owner))
    return Place(replace(container, cwd=folder), image, mounts, python, owner, workdir, inside)


def _path(objects: Objects, image: str) -> str:
    environment = objects.daemon.client.images.get(image).attrs["Config"].get("Env") or ()
    return next((line[5:] for line in environment if line.startswith("PATH=")), "/usr/local/bin:/usr/bin:/bin")
