"""Requirements files as an installer needs them, here or in another place: each with all that it includes."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from simulator.errors import CannotTell

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
    """What pip is asked for; of a pyproject.toml its dependencies, not the project itself."""
    if path.name != "pyproject.toml":
        yield from ("-r", os.path.relpath(path, folder))
        return
    try:
        project = tomllib.loads(content.decode()).get("project", {})
    except ValueError as error:
        raise CannotTell(f"{path} is not TOML: {error}", "correct it, or name a requirements file") from None
    if not project:
        raise CannotTell(
            f"{path} has no [project] table to read dependencies from",
            "name a requirements file (poetry export, pip freeze), an image or an interpreter",
        )
    yield from project.get("dependencies", ())
