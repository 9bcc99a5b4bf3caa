"""Which files say how a project is installed: Dockerfile, Compose file, requirements, pyproject, a virtualenv."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from simulator.engines.plan import Build
from simulator.engines.requirements import is_poetrys
from simulator.project import deployment

_COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
# Of several requirements files, the first of these: what runs in production, before what a developer adds.
_REQUIREMENTS = (
    "requirements.txt",
    "requirements/production.txt",
    "requirements/prod.txt",
    "requirements/base.txt",
    "requirements/common.txt",
    "requirements/requirements.txt",
    "requirements/main.txt",
)
_INTERPRETERS = (".venv/bin/python", "venv/bin/python", "env/bin/python")
_PINS = (".python-version", "runtime.txt")
_VERSION = re.compile(r"(?:^|python-)(\d+\.\d+)")
_FLOOR = re.compile(r"(?:>=|~=|==|\^)\s*(\d+)\.(\d+)")


@dataclass(frozen=True)
class Packaging:
    """What the nearest folder that has each of them says; None or empty: no folder does.

    ``foreign`` are files that list dependencies in another tool's own format. ``python`` is a pinned version, or
    the least that pyproject.toml asks for where that is newer than this Python.
    """

    build: Build | None = None
    requirements: Path | None = None
    pyproject: Path | None = None
    foreign: tuple[Path, ...] = ()
    interpreter: Path | None = None
    python: str | None = None


def packaging(folders: Sequence[Path], kind: Sequence[str] = ()) -> Packaging:
    """Look into these folders, the nearest one first. ``kind``: what the environment in question is called."""
    projects = [(folder / "pyproject.toml", _toml(folder / "pyproject.toml")) for folder in folders]
    return Packaging(
        build=next((found for folder in folders if (found := _build(folder))), None),
        requirements=_first_file(folders, tuple(deployment.requirements(kind))) or _first_file(folders, _REQUIREMENTS),
        pyproject=next((path for path, content in projects if _lists_dependencies(content)), None),
        foreign=tuple(_foreign(folders, projects)),
        interpreter=_first_file(folders, _INTERPRETERS),
        python=next(_pins(folders), None) or next(_floors(projects), None),
    )


def _first_file(folders: Sequence[Path], names: Sequence[str]) -> Path | None:
    return next((folder / name for folder in folders for name in names if (folder / name).is_file()), None)


def _build(folder: Path) -> Build | None:
    """The one image that a Compose file here builds, else the Dockerfile here."""
    composed = [build for name in _COMPOSE for build in _composed(folder / name)]
    distinct = [build for position, build in enumerate(composed) if build not in composed[:position]]
    if len(distinct) == 1:
        return distinct[0]
    return Build(context=folder) if (folder / "Dockerfile").is_file() else None


def _composed(path: Path) -> Iterator[Build]:
    """What the services of a Compose file build; one that leaves a variable to the shell can't be told."""
    services = _mapping(_yaml(path).get("services"))
    for service in services.values():
        written = _mapping(service).get("build")
        build = {"context": written} if isinstance(written, str) else _mapping(written)
        if build and "$" not in str(build):
            found = Build(
                context=(path.parent / str(build.get("context", "."))).resolve(),
                dockerfile=str(build.get("dockerfile", "Dockerfile")),
                target=str(build["target"]) if build.get("target") else None,
                args=dict(_arguments(build.get("args"))),
            )
            if (found.context / found.dockerfile).is_file():
                yield found


def _arguments(written: Any) -> Iterator[tuple[str, str]]:
    """Compose's ``args``, a mapping or a list. One without a value comes from a shell: it is left to the Dockerfile."""
    if isinstance(written, list):
        written = dict(str(item).split("=", 1) for item in written if "=" in str(item))
    for name, value in _mapping(written).items():
        if value is not None:
            yield str(name), str(value).lower() if isinstance(value, bool) else str(value)


def _foreign(folders: Sequence[Path], projects: Sequence[tuple[Path, Mapping[str, Any]]]) -> Iterator[Path]:
    for folder in folders:
        yield from (folder / name for name in ("Pipfile", "environment.yml") if (folder / name).is_file())
    for path, content in projects:
        if not _lists_dependencies(content) and _mapping(_mapping(content.get("tool")).get("poetry")):
            yield path


def _lists_dependencies(content: Mapping[str, Any]) -> bool:
    if is_poetrys(content):
        return True
    project = _mapping(content.get("project"))
    return bool(project.get("dependencies")) or "dependencies" in (project.get("dynamic") or ())


def _pins(folders: Sequence[Path]) -> Iterator[str]:
    for folder in folders:
        for name in _PINS:
            path = folder / name
            found = _VERSION.search(path.read_text("utf-8", "replace").strip()) if path.is_file() else None
            if found:
                yield found[1]


def _floors(projects: Sequence[tuple[Path, Mapping[str, Any]]]) -> Iterator[str]:
    for _, content in projects:
        found = _FLOOR.search(str(_mapping(content.get("project")).get("requires-python", "")))
        if found and (int(found[1]), int(found[2])) > sys.version_info[:2]:
            yield f"{found[1]}.{found[2]}"


def _toml(path: Path) -> Mapping[str, Any]:
    """The file's content; empty for one that isn't there or isn't TOML: then it is no way to install the project."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}


def _yaml(path: Path) -> Mapping[str, Any]:
    try:
        return _mapping(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
