"""``migsim doctor``: what of this machine can be used, and for what can't, the sentence that says what to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from simulator import engines
from simulator.engines.base import Check
from simulator.errors import ExitCode
from simulator.host import store
from simulator.host.terminal import Terminal
from simulator.wording import escape, gigabytes

LITTLE_ROOM = 2 << 30  # bytes; a restore of any size wants more


def run(console: Terminal) -> int:
    """Print every check, a line each; 3 when no engine is usable, since nothing can be rehearsed then."""
    usable = [_print_all(engine.checks(), console) for engine in engines.every()]
    _print_all((_git(), _disk("runs", store.runs_folder()), _disk("cache", store.cache_folder())), console)
    return ExitCode.SAFE if any(usable) else ExitCode.CANNOT_TELL


def _print_all(checks: Iterable[Check], console: Terminal) -> bool:
    """Whether the first one, on which the others stand, is usable."""
    problems = []
    for check in checks:
        mark = "[green]ok[/]" if check.problem is None else "[red]no[/]"
        console.line(f"{mark}  {check.name:<10} {escape(check.problem or check.text)}", markup=True)
        problems.append(check.problem)
    return problems[0] is None


def _git() -> Check:
    found = shutil.which("git")
    return Check("git", found or "", None if found else "no git (hint: apt-get install git); refs can't be rehearsed")


def _disk(name: str, folder: Path) -> Check:
    variable = f"MIGSIM_{name.upper()}"
    there = next((path for path in (folder, *folder.parents) if os.path.lexists(path)), Path("/"))
    if not there.is_dir():
        return Check(name, "", f"{there} is no folder (hint: {variable}=/var/tmp/migsim-{name})")
    if not os.access(there, os.W_OK | os.X_OK):
        return Check(name, "", f"{there} may not be written to (hint: {variable}=/var/tmp/migsim-{name})")
    free = shutil.disk_usage(there).free
    text = f"{folder}: {gigabytes(free)} free"
    return Check(name, text, f"{text} (hint: {variable}=/bigger/disk)" if free < LITTLE_ROOM else None)
