"""``migsim schedule cron|systemd|github``: print a ready file that runs ``migsim nightly``."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Literal

from jinja2 import FileSystemLoader

import simulator
from simulator import quoting
from simulator.errors import UsageError
from simulator.host.resources import shipped
from simulator.host.terminal import printer
from simulator.sources import git
from simulator.wording import one_line

Kind = Literal["cron", "systemd", "github"]

# An hour that most dumps of the night are ready by, off the full hour that everybody else takes.
HOUR, MINUTE = 3, 17

# How a value is quoted in each kind of file.
_DEFAULT = {"cron": quoting.cron, "systemd": quoting.unit, "github": quoting.workflow}


def run(kind: Kind, project: Path) -> int:
    """Print the file for the project in that folder; its comment says where to put it. Raises UsageError."""
    printer().document(text(kind, project.resolve(), _migsim(), git.toplevel(project)))
    return 0


def text(kind: Kind, project: Path, migsim: Path, repository: Path | None) -> str:
    """The file. ``migsim`` is the absolute path of the program, ``repository`` the root that a checkout has."""
    if not (project / "scenarios").is_dir():
        raise UsageError(f"{project} has no scenarios/ to run at night", "migsim init")
    _check_paths(project, migsim)
    environment = quoting.environment(_DEFAULT[kind], FileSystemLoader(shipped("templates") / "schedule"))
    environment.filters["argument"] = quoting.unit_argument
    return environment.get_template(f"{kind}.j2").render(
        project=str(project),
        folder=project.relative_to(repository).as_posix() if repository else ".",
        migsim=str(migsim),
        version=simulator.__version__,
        hour=HOUR,
        minute=MINUTE,
        time=quoting.Quoted(f"{HOUR:02d}:{MINUTE:02d}"),
    )


def _migsim() -> Path:
    """The program that is running, by an absolute path: cron and systemd have a PATH of their own."""
    beside = Path(sys.executable).with_name("migsim")
    found = beside if beside.exists() else shutil.which("migsim")
    if found is None:
        raise UsageError("there is no program migsim beside this Python or on PATH", "python -m pip install migsim")
    return Path(found).absolute()


def _check_paths(*paths: Path) -> None:
    """Refuse what crontabs and unit files have no way to write. Raises UsageError."""
    for path in map(str, paths):
        if one_line(path) != path or path.endswith((" ", "\\")):
            shown = one_line(path)
            raise UsageError(f"{shown!r} can't be scheduled: its name has a line break or the like in it", "rename it")
