"""Images made from Debian packages, for machines that reach Debian's archive but no registry.

mmdebstrap unpacks the packages into a tar, ``docker import`` takes it as one layer: no build step in a container,
so nothing here needs a network inside Docker, and nothing of the host's proxy or certificates gets in.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docker import DockerClient

from simulator.errors import CannotTell
from simulator.host import process
from simulator.host.resources import shipped
from simulator.host.store import cached

BUILT_LABEL = "migsim.built"
HOW_TO_GET_MMDEBSTRAP = "apt-get install mmdebstrap (any Debian or Ubuntu), then: migsim images --build"


@dataclass(frozen=True)
class Recipe:
    """What one image is made of; ``changes`` are Dockerfile instructions that ``docker import`` applies."""

    image: str
    suite: str
    packages: tuple[str, ...]
    hooks: tuple[str, ...]
    changes: tuple[str, ...]


# Which Debian release brings which major; a Debian release has exactly one of each.
POSTGRES_SUITES = {13: "bullseye", 15: "bookworm", 17: "trixie"}
PYTHON_SUITES = {"3.9": "bullseye", "3.11": "bookworm", "3.13": "trixie"}

# Documentation and translations; localedef needs the one file that is kept.
_LEFT_OUT = (
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-include=/usr/share/locale/locale.alias",
)


def recipe(image: str) -> Recipe | None:
    """How to make ``postgres:N`` or ``python:X.Y-slim`` of Debian's own packages; None: Debian has no such."""
    repository, _, tag = image.partition(":")
    if repository == "postgres" and tag.isdecimal() and int(tag) in POSTGRES_SUITES:
        return _postgres(image, int(tag))
    if repository == "python" and tag.removesuffix("-slim") in PYTHON_SUITES:
        return _python(image, tag.removesuffix("-slim"))
    return None


def possible() -> tuple[str, ...]:
    """Every image that can be made."""
    servers = (f"postgres:{major}" for major in POSTGRES_SUITES)
    return (*servers, *(f"python:{version}-slim" for version in PYTHON_SUITES))


def build(client: DockerClient, plan: Recipe) -> None:
    """Make the image and tag it. Raises CannotTell with mmdebstrap's last lines when it can't be made."""
    with tempfile.TemporaryDirectory(prefix="migsim-image-") as folder, _mmdebstrap() as program:
        root = Path(folder) / "root.tar"
        _bootstrap(program, plan, root)
        name, _, tag = plan.image.partition(":")
        client.api.import_image(src=str(root), repository=name, tag=tag, changes=list(plan.changes))


def _bootstrap(program: Path, plan: Recipe, root: Path) -> None:
    argv = [
        "env",
        f"PATH={program.parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",  # its own mmtarfilter
        str(program),
        "--variant=minbase",
        *_LEFT_OUT,
        *plan.hooks,
        f"--include={','.join(plan.packages)}",
        plan.suite,
        str(root),
    ]
    outcome = process.run(argv)
    if outcome.code != 0:
        raise CannotTell(
            f"{plan.image} could not be made from Debian {plan.suite}: {_last_error(outcome.stderr)}",
            "look whether apt-get update works here, then: migsim images --build",
        )


def _last_error(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("E: ")]
    return " / ".join((errors or lines)[:3]) or "mmdebstrap said nothing"


@contextlib.contextmanager
def _mmdebstrap() -> Iterator[Path]:
    """The program: installed, else unpacked from its package into the cache (it is one Perl script)."""
    installed = shutil.which("mmdebstrap")
    if installed:
        yield Path(installed)
        return
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise CannotTell("mmdebstrap is not installed", HOW_TO_GET_MMDEBSTRAP)
    with cached("tools", "mmdebstrap") as (folder, complete):
        if not complete:
            _unpack_mmdebstrap(folder)
        yield folder / "usr" / "bin" / "mmdebstrap"


def _unpack_mmdebstrap(folder: Path) -> None:
    fetched = process.run(["apt-get", "download", "mmdebstrap"], cwd=str(folder))
    packages = sorted(folder.glob("mmdebstrap_*.deb"))
    if fetched.code != 0 or not packages:
        raise CannotTell("mmdebstrap is not installed, and apt-get could not fetch it", HOW_TO_GET_MMDEBSTRAP)
    unpacked = process.run(["dpkg-deb", "-x", str(packages[-1]), str(folder)])
    if unpacked.code != 0:
        raise CannotTell(f"dpkg-deb could not unpack {packages[-1].name}", HOW_TO_GET_MMDEBSTRAP)


def _postgres(image: str, major: int) -> Recipe:
    entrypoint = shipped("templates") / "images" / "postgres-entrypoint.sh"
    data = "/var/lib/postgresql/data"
    return Recipe(
        image=image,
        suite=POSTGRES_SUITES[major],
        packages=(f"postgresql-{major}", "locales", "xz-utils"),
        hooks=(
            # The official image's user, made before the package would make another.
            '--essential-hook=echo "postgres:x:999:" >> "$1/etc/group"',
            '--essential-hook=echo "postgres:x:999:999::/var/lib/postgresql:/bin/bash" >> "$1/etc/passwd"',
            # The cluster that the package made.
            '--customize-hook=rm -rf "$1"/var/lib/postgresql/* "$1"/etc/postgresql/*',
            f'--customize-hook=mkdir -p "$1{data}" "$1/run/postgresql" "$1/docker-entrypoint-initdb.d"',
            f'--customize-hook=chown 999:999 "$1{data}" "$1/run/postgresql"',
            f'--customize-hook=chmod 1777 "$1{data}"; chmod 3777 "$1/run/postgresql"',
            '--customize-hook=chroot "$1" localedef -i en_US -c -f UTF-8 -A /usr/share/locale/locale.alias en_US.UTF-8',
            f"--customize-hook=upload {entrypoint} /usr/local/bin/docker-entrypoint.sh",
            '--customize-hook=chmod 0755 "$1/usr/local/bin/docker-entrypoint.sh"',
        ),
        changes=(
            f"ENV PATH=/usr/lib/postgresql/{major}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "ENV LANG=en_US.utf8",
            f"ENV PG_MAJOR={major}",
            f"ENV PGDATA={data}",
            f"VOLUME {data}",
            'ENTRYPOINT ["docker-entrypoint.sh"]',
            "EXPOSE 5432",
            'CMD ["postgres"]',
            f"LABEL {BUILT_LABEL}=debian-{POSTGRES_SUITES[major]}",
        ),
    )


def _python(image: str, version: str) -> Recipe:
    return Recipe(
        image=image,
        suite=PYTHON_SUITES[version],
        packages=(f"python{version}", "python3", "python3-venv", "python3-pip", "ca-certificates", "tzdata"),
        hooks=(
            # As in the official image: `python`, and a pip that may install into it.
            '--customize-hook=ln -s /usr/bin/python3 "$1/usr/local/bin/python"',
            '--customize-hook=rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED',
        ),
        changes=(
            "ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
            "ENV LANG=C.UTF-8",
            'CMD ["python3"]',
            f"LABEL {BUILT_LABEL}=debian-{PYTHON_SUITES[version]}",
        ),
    )
