"""The Pythons of this machine, found by running them."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from simulator.errors import CannotTell
from simulator.host import process

# Printed by the candidate itself; runs on every Python since 2.7.
ASK = """\
import os, sys
print('%d.%d.%d' % sys.version_info[:3])
print(sys.executable)
for name in [sys.prefix, getattr(sys, 'base_prefix', sys.prefix)] + [p for p in sys.path if os.path.exists(p)]:
    print(name)
"""
OLDEST = (3, 8)  # the oldest that the probe runs on


@dataclass(frozen=True)
class Python:
    """An interpreter that ran: where it is, its full version ("3.8.18"), and the folders that it reads."""

    path: Path
    version: str
    folders: tuple[Path, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.version.split("."))

    def is_a(self, wanted: str) -> bool:
        """Whether "3.8" (or "3", or "3.8.18") describes it."""
        numbers = wanted.split(".")
        return self.version.split(".")[: len(numbers)] == numbers


def find(wanted: str | None) -> Python:
    """The interpreter for a virtual environment; without a wish, the one that migsim itself stands on.

    Raises CannotTell that lists what there is.
    """
    if wanted is None:
        return ask(Path(sys.executable).resolve()) or find(f"{sys.version_info[0]}.{sys.version_info[1]}")
    for candidate in _candidates(wanted):
        python = ask(candidate)
        if python is not None and python.is_a(wanted):
            return python
    versions = ", ".join(dict.fromkeys(python.version for python in every())) or "none"
    raise CannotTell(
        f"django.python asks for Python {wanted}, and this machine has {versions}",
        f"install it (uv python install {wanted}), or change `python:` in the scenario",
    )


def every() -> tuple[Python, ...]:
    """Every interpreter here that the probe could run on, oldest first."""
    pythons = {}
    for candidate in _candidates("3"):
        python = ask(candidate)
        if python is not None and python.numbers >= OLDEST:
            pythons[python.path] = python
    return tuple(sorted(pythons.values(), key=lambda python: python.numbers))


@functools.cache
def ask(path: Path) -> Python | None:
    """What the interpreter at ``path`` says of itself; None when it does not run.

    pyenv's shims exit 127 for versions that are not made global: only running one tells.
    """
    try:
        answer = process.run([str(path), "-c", ASK], environment={"PATH": os.defpath, "HOME": "/nonexistent"})
    except OSError:
        return None
    if answer.code != 0:
        return None
    version, executable, *folders = answer.stdout.splitlines()
    # A shim that ran is not the interpreter: what it led to is.
    return Python(Path(executable), version, tuple(dict.fromkeys(Path(folder) for folder in folders)))


def _candidates(wanted: str) -> Iterator[Path]:
    """Files that may be such a Python, the likeliest first; not run yet."""
    names = f"python{'.'.join(wanted.split('.')[:2])}"
    pattern = names if "." in wanted else "python3.*[0-9]"
    seen = set()
    for folder in _folders(wanted):
        if not os.access(folder, os.R_OK | os.X_OK):
            continue  # a folder of another user's home in PATH, as after su
        for candidate in sorted(folder.glob(pattern)):
            if os.access(candidate, os.X_OK) and candidate.resolve() not in seen:
                seen.add(candidate.resolve())
                yield candidate


def _folders(wanted: str) -> Iterator[Path]:
    yield from (Path(folder) for folder in os.get_exec_path() if folder)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or Path.home() / ".local/share/uv/python")
    yield from sorted(pyenv.glob(f"{wanted}*/bin"))
    yield from sorted(uv.glob(f"cpython-{wanted}*/bin"))
    yield from (Path("/usr/local/bin"), Path("/usr/bin"))
