"""Scenario files on disk: found by name, read, selected by tag."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from simulator.errors import UsageError
from simulator.host.limited import Limited, OverTheLimit
from simulator.host.resources import shipped
from simulator.scenario import Scenario
from simulator.scenario import text as scenario_text
from simulator.scenario.problems import nearest

FOLDER = "scenarios"
SAMPLE = "sample/"
SUFFIXES = (".yaml.j2", ".yaml")
# Of one file; real ones have a few kB, and are read in some hundredths of a second.
MOST_BYTES = 1_000_000
MOST_SECONDS = 2  # of the processor
MOST_MEGABYTES = 200

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class LoadedScenario:
    """A valid scenario, its file, and the folder that its relative paths are relative to."""

    scenario: Scenario
    path: Path
    root: Path
    uses: frozenset[str] = frozenset()  # the variables that its text names
    asked: str = ""  # what comes after `migsim run` where there is no such file: a dump and a project


@dataclass(frozen=True)
class Tagged:
    """The scenarios that have a tag, and the files that mention it but can't be read."""

    scenarios: tuple[LoadedScenario, ...]
    broken: tuple[tuple[Path, UsageError], ...]


def find(name: str, cwd: Path) -> Path:
    """The file that ``name`` means: a path, a name in ``scenarios/`` of cwd or above, or ``sample/NAME``.

    A shipped scenario never answers to a bare name: it would rehearse the sample and call that the user's project
    safe. Raises UsageError.
    """
    if name.endswith((".yaml", ".yml", ".j2")) or _is_path(name):
        return _existing(name, cwd)
    if name.startswith(SAMPLE):
        found = _named(shipped(FOLDER), name.removeprefix(SAMPLE))
        known = sorted(shipped_scenarios(cwd))
    else:
        found = next((path for folder in _folders(cwd) if (path := _named(folder, name))), None)
        known = [name_of(path) for path in all_scenarios(cwd)]
    if found is None:
        raise UsageError(f'no scenario "{name}"{_where(cwd, known)}{nearest(name, known)}', "migsim list")
    return found


def all_scenarios(cwd: Path) -> tuple[Path, ...]:
    """Every scenario that a bare name can mean here, by name."""
    by_name: dict[str, Path] = {}
    for folder in _folders(cwd):
        for path in _files(folder):
            by_name.setdefault(name_of(path), path)
    return tuple(by_name[name] for name in sorted(by_name))


def shipped_scenarios(cwd: Path) -> dict[str, Path]:
    """The scenarios that come with migsim as ``sample/NAME``; none where they are the folder's own."""
    folder = shipped(FOLDER)
    if folder in _folders(cwd):
        return {}
    return {SAMPLE + name_of(path): path for path in _files(folder)}


def name_of(path: Path) -> str:
    """What a scenario file is called on the command line."""
    suffix = next((suffix for suffix in SUFFIXES if path.name.endswith(suffix)), path.suffix)
    return path.name.removesuffix(suffix)


def root_of(path: Path) -> Path:
    """What relative paths in that file are relative to: its folder, or the parent of a folder ``scenarios``."""
    folder = path.resolve().parent
    return folder.parent if folder.name == FOLDER else folder


class Reader:
    """Reads files one after the other in a child process, each within limits: templates and YAML can grow without end.

    Every method raises UsageError (ScenarioProblems for what is wrong in a file).
    """

    def __init__(self, child: Limited) -> None:
        self._child = child

    def read(self, path: Path, variables: Mapping[str, str], environ: Mapping[str, str]) -> LoadedScenario:
        """Read and validate one file."""
        return self._limited(path, _read, path, dict(variables), dict(environ))

    def render(self, path: Path, variables: Mapping[str, str], environ: Mapping[str, str]) -> str:
        """The text after Jinja, valid or not."""
        return self._limited(path, _render, path, dict(variables), dict(environ))

    def _limited(self, path: Path, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return self._child.call(function, *args, **kwargs)
        except OverTheLimit as over:
            raise UsageError(
                f"{path}: reading it takes {over}", "look for a loop, a power or an alias in it that grows"
            ) from None


@contextlib.contextmanager
def reader() -> Iterator[Reader]:
    """One child for all that is read in the block."""
    with Limited(seconds=MOST_SECONDS, megabytes=MOST_MEGABYTES) as child:
        yield Reader(child)


def read(path: Path, variables: Mapping[str, str], environ: Mapping[str, str]) -> LoadedScenario:
    """Read and validate one file alone. Raises UsageError."""
    with reader() as reading:
        return reading.read(path, variables, environ)


def read_all(
    paths: Iterable[Path], variables: Mapping[str, str], environ: Mapping[str, str]
) -> tuple[LoadedScenario, ...]:
    """Read several files. A variable that none of them uses is refused: a default would be taken silently."""
    with reader() as reading:
        loaded = tuple(reading.read(path, variables, environ) for path in paths)
    refuse_unused(variables, loaded)
    return loaded


def with_tag(tag: str, cwd: Path, variables: Mapping[str, str], environ: Mapping[str, str]) -> Tagged:
    """Every scenario with that tag. Raises UsageError when there is none.

    A file that can't be read and mentions the tag is ``broken``, not left out: one bad file must neither stop the
    others nor go unseen.
    """
    loaded: list[LoadedScenario] = []
    broken: list[tuple[Path, UsageError]] = []
    with reader() as reading:
        for path in all_scenarios(cwd):
            try:
                found = reading.read(path, variables, environ)
            except UsageError as error:
                if _mentions(path, tag):
                    broken.append((path, error))
            else:
                loaded.append(found)
    tagged = tuple(found for found in loaded if tag in found.scenario.tags)
    if not tagged and not broken:
        known = sorted({tag for found in loaded for tag in found.scenario.tags})
        there = f" (there are: {', '.join(known)})" if known else ""
        raise UsageError(f'no scenario has the tag "{tag}"{there}{nearest(tag, known)}', "migsim list")
    if not broken:
        refuse_unused(variables, tagged)
    return Tagged(tagged, tuple(broken))


def text_of(path: Path) -> str:
    """The file's text. Raises UsageError."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise UsageError(f"{path}: a scenario has at most {MOST_BYTES // 1000} kB", "take out what no run needs")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text (byte {error.start})", "save it as UTF-8") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "migsim list") from None


def refuse_unused(variables: Mapping[str, str], loaded: Sequence[LoadedScenario]) -> None:
    """Raise UsageError for a ``--set`` that no scenario asks for."""
    used = frozenset[str]().union(*(found.uses for found in loaded))
    unused = sorted(set(variables) - used)
    if unused and loaded:
        names = ", ".join(name_of(found.path) for found in loaded)
        raise UsageError(
            f"--set {unused[0]}: {names} has no such variable{nearest(unused[0], used)}",
            f"migsim render {name_of(loaded[0].path)}",
        )


def _read(path: Path, variables: Mapping[str, str], environ: Mapping[str, str]) -> LoadedScenario:
    text = text_of(path)
    scenario = scenario_text.load(text, path=path, variables=variables, environ=environ)
    return LoadedScenario(scenario, path, root_of(path), scenario_text.variables_used(text, path=path))


def _render(path: Path, variables: Mapping[str, str], environ: Mapping[str, str]) -> str:
    return scenario_text.render(text_of(path), path=path, variables=variables, environ=environ).text


def _is_path(name: str) -> bool:
    return "/" in name and not name.startswith(SAMPLE)


def _existing(name: str, cwd: Path) -> Path:
    path = cwd / name
    if os.path.isfile(path):  # which says no where Path.is_file raises: a name that is too long
        return path
    raise UsageError(f"{name}: no such file", "migsim list")


def _folders(cwd: Path) -> Iterator[Path]:
    """``scenarios/`` of the folder and of each one above it, up to the top of its git repository."""
    here = cwd.resolve()
    above = [here, *here.parents]
    top = next((folder for folder in above if (folder / ".git").exists()), here)
    for folder in above[: above.index(top) + 1]:
        if (folder / FOLDER).is_dir():
            yield folder / FOLDER


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIXES) and path.is_file())


def _named(folder: Path, name: str) -> Path | None:
    found = [folder / f"{name}{suffix}" for suffix in SUFFIXES if os.path.isfile(folder / f"{name}{suffix}")]
    if len(found) > 1:
        raise UsageError(f"{found[0]} and {found[1].name} are both there", f"remove one, or name it: {found[0]}")
    return found[0] if found else None


def _where(cwd: Path, known: Sequence[str]) -> str:
    return "" if known else f": no {FOLDER}/ with a scenario in {cwd} or above it in its repository"


def _mentions(path: Path, tag: str) -> bool:
    try:
        return re.search(rf"(?<![\w.-]){re.escape(tag)}(?![\w.-])", text_of(path)) is not None
    except UsageError:
        return True
