"""``migsim schedule cron|systemd|github``: print a ready file that runs ``migsim nightly``."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import simulator
from simulator import git
from simulator.errors import UsageError
from simulator.resources import shipped

Kind = Literal["cron", "systemd", "github"]

# An hour that most dumps of the night are ready by, off the full hour that everybody else takes.
HOUR, MINUTE = 3, 17


def run(kind: Kind, project: Path) -> int:
    """Print the file for the project in that folder; its comment says where to put it. Raises UsageError."""
    sys.stdout.write(text(kind, project.resolve(), _migsim(), git.toplevel(project)))
    return 0


def text(kind: Kind, project: Path, migsim: Path, repository: Path | None) -> str:
    """The file. ``migsim`` is the absolute path of the program, ``repository`` the root that a checkout has."""
    if not (project / "scenarios").is_dir():
        raise UsageError(f"{project} has no scenarios/ to run at night", "migsim init")
    if "\n" in f"{project}{migsim}":
        raise UsageError("a path with a line break in it can't be scheduled", "move the project")
    environment = Environment(
        loader=FileSystemLoader(shipped("templates") / "schedule"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= {"shell": _for_cron, "unit_path": _for_unit, "unit_argument": _unit_argument}
    return environment.get_template(f"{kind}.j2").render(
        project=str(project),
        folder=project.relative_to(repository).as_posix() if repository else ".",
        migsim=str(migsim),
        version=simulator.__version__,
        hour=HOUR,
        minute=MINUTE,
    )


def _migsim() -> Path:
    """The program that is running, by an absolute path: cron and systemd have a PATH of their own."""
    beside = Path(sys.executable).with_name("migsim")
    found = beside if beside.exists() else shutil.which("migsim")
    if found is None:
        raise UsageError("there is no program migsim beside this Python or on PATH", "python -m pip install migsim")
    return Path(found).absolute()


def _for_cron(value: str) -> str:
    """Quoted for sh; cron itself turns a bare % into a line break (crontab(5))."""
    return shlex.quote(value).replace("%", r"\%")


def _for_unit(value: str) -> str:
    """A % starts a specifier in a unit file (systemd.unit(5))."""
    return value.replace("%", "%%")


def _unit_argument(value: str) -> str:
    """Quoted as one argument of ExecStart, where $ starts a variable (systemd.service(5))."""
    escaped = _for_unit(value).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{escaped}"' if set(escaped) & set(" \t'\"\\;") else escaped
