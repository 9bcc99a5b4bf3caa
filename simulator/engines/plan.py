"""A scenario plus the facts read beforehand, settled into what an engine has to build.

The facts (a dump's header, where the project's files are, resolved environment values) are read at the edges
and handed in; nothing here looks at a disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# The throwaway server's own superuser, made by initdb on either engine.
SUPERUSER = "postgres"


@dataclass(frozen=True)
class Image:
    """An image that already holds the project's dependencies, and its code unless ``code`` is ``checkout``."""

    reference: str
    checkout: bool = False


@dataclass(frozen=True)
class Build:
    """An image built from the user's own Dockerfile, as Compose's ``build:`` would."""

    context: Path
    dockerfile: str = "Dockerfile"
    target: str | None = None
    args: Mapping[str, str] = field(default_factory=dict)
    checkout: bool = False


@dataclass(frozen=True)
class Requirements:
    """A virtual environment, cached by the content of its files and its Python.

    ``files`` are requirements files (their ``-r`` and ``-c`` includes are followed) or a pyproject.toml,
    of which the dependencies are installed, not the project.
    """

    files: tuple[Path, ...]
    python: str | None = None  # "3.12"; None: what the engine has
    system_packages: tuple[str, ...] = ()  # Debian packages, docker only


@dataclass(frozen=True)
class Interpreter:
    """A Python on this machine that already has everything; embedded only."""

    path: Path


Dependencies = Image | Build | Requirements | Interpreter


@dataclass(frozen=True)
class Plan:
    """What an engine has to build and start."""

    scenario: str
    postgres_major: int  # the server's, as near to the dump's "Dumped from" as can be
    client_major: int  # the least that pg_restore must be: the dump's "Dumped by"
    dependencies: Dependencies
    project: Path  # the folder that holds manage.py, on this machine
    tree: Path  # the whole tree around it that its code may import or read (the repository, else the project)
    postgres_image: str | None = None  # docker; None: postgres:<major>
    exact_major: bool = False  # the scenario names the major, so a neighbour will not do
    parameters: Mapping[str, str] = field(default_factory=dict)  # postgresql.conf settings
    environment: Mapping[str, str] = field(default_factory=dict)  # for the project's process; values are secret
    confine_required: bool = True  # embedded: refuse where the kernel allows no namespace
    disk_needed: int = 0  # bytes that the run will write at least
    lacking: tuple[str, ...] = ()  # variables that the settings fail without for sure, each with where it is read
    dumps: tuple[Path, ...] = ()  # docker: mounted in the server place where the daemon shares our file system
