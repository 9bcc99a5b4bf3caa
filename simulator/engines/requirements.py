"""Requirements files as an installer needs them, here or in another place: each with all that it includes."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uv import find_uv_bin

from simulator.errors import CannotTell
from simulator.host import process

# A line that installs from a folder or file of this machine: "-e .[dev]", "./libs/shop", "../dist/shop-1.whl".
_EDITABLE = re.compile(r"\s*(?:-e|--editable)(?:\s+|=)([^\s#;\[]+)")
_PATH = re.compile(r"\s*(\.{1,2}(?:/[^\s#;\[]*)?|/[^\s#;\[]+)(?=[\s#;\[]|$)")
_INCLUDE = re.compile(r"\s*(?:-r|--requirement|-c|--constraint)(?:\s+|=)?([^\s#;]+)")


@dataclass(frozen=True)
class Gathered:
    """What to bring along and what to ask pip for.

    ``contents`` are (path relative to the files' common folder, bytes); ``folder`` is the first file's, relative
    to that too: ``arguments`` are for a pip that runs there. ``local`` are the paths that lines install from, which
    pip takes to be relative to where it runs.
    """

    contents: tuple[tuple[str, bytes], ...]
    arguments: tuple[str, ...]
    folder: str
    local: tuple[str, ...] = ()


def gather(files: Iterable[Path]) -> Gathered:
    """Read the files and their ``-r`` and ``-c`` includes. Raises CannotTell that names a missing one."""
    named = [path.resolve() for path in files]
    seen: dict[Path, bytes] = {}
    for path in named:
        _read(path, f"the scenario names {path.name}", seen)
    root = Path(os.path.commonpath([path.parent for path in seen]))
    return Gathered(
        contents=tuple((str(path.relative_to(root)), content) for path, content in seen.items()),
        arguments=tuple(argument for path in named for argument in _arguments(path, named[0].parent, seen[path])),
        folder=str(named[0].parent.relative_to(root)),
        local=tuple(text for path, content in seen.items() if path.suffix != ".toml" for text in _local(content)),
    )


def is_poetrys(written: Mapping[str, Any]) -> bool:
    """Whether a pyproject.toml has its dependencies in Poetry's own table, and names the backend that can read them."""
    poetry = (written.get("tool") or {}).get("poetry") or {}
    backend = (written.get("build-system") or {}).get("build-backend") or ""
    return bool(poetry.get("dependencies")) and "poetry" in backend and poetry.get("package-mode") is not False


def _locked(path: Path) -> Iterator[str]:
    """The pinned dependencies that uv itself reads out of the lock beside that pyproject.toml; no network is needed."""
    asked = ("--frozen", "--no-dev", "--no-emit-project", "--no-hashes", "--no-header", "--no-annotate")
    exported = process.run((find_uv_bin(), "export", "--quiet", *asked), cwd=str(path.parent))
    if exported.code != 0:
        said = (exported.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise CannotTell(
            f"{path.with_name('uv.lock')} can't be read by uv: {said}", "uv lock, or name a requirements file"
        )
    for line in filter(None, map(str.strip, exported.stdout.splitlines())):
        if line.startswith(("-e", ".", "/")):
            raise CannotTell(
                f"{path.with_name('uv.lock')} has {line.removeprefix('-e ')}, which is a folder of this machine",
                "name `interpreter:` with a Python that has everything, or an image",
            )
        yield line


def _read(path: Path, who: str, seen: dict[Path, bytes]) -> None:
    if path in seen:
        return
    if not path.is_file():
        raise CannotTell(f"{who}, but there is no {path}", "correct `requirements:` in the scenario")
    seen[path] = path.read_bytes()
    if path.name == "pyproject.toml":
        return
    for included in _includes(seen[path]):
        if "://" not in included:
            _read((path.parent / included).resolve(), f"{path} includes {included}", seen)


def _includes(content: bytes) -> Iterator[str]:
    for line in content.decode("utf-8", "replace").splitlines():
        if found := _INCLUDE.match(line):
            yield found[1]


def _local(content: bytes) -> Iterator[str]:
    for line in content.decode("utf-8", "replace").splitlines():
        found = _EDITABLE.match(line) or _PATH.match(line)
        if found and "://" not in found[1]:
            yield found[1]


def _arguments(path: Path, folder: Path, content: bytes) -> Iterator[str]:
    """What pip is asked for; of a pyproject.toml its dependencies, as uv.lock pins them, not the project itself."""
    if path.name != "pyproject.toml":
        yield from ("-r", os.path.relpath(path, folder))
        return
    try:
        written = tomllib.loads(content.decode())
        project = written.get("project", {})
    except ValueError as error:
        raise CannotTell(f"{path} is not TOML: {error}", "correct it, or name a requirements file") from None
    if project and path.with_name("uv.lock").is_file():
        yield from _locked(path)
        return
    if not project and is_poetrys(written):
        yield from ("-r", os.path.relpath(path, folder))  # uv asks its build backend for the dependencies
        return
    if not project:
        raise CannotTell(
            f"{path} has no [project] table to read dependencies from",
            "name a requirements file (poetry export, pip freeze), an image or an interpreter",
        )
    yield from project.get("dependencies", ())
