"""``migsim validate``: are these scenarios usable, and if not, every reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from simulator.errors import ExitCode, UsageError
from simulator.scenario import files


def run(
    names: Sequence[str],
    *,
    cwd: Path,
    variables: Mapping[str, str],
    environ: Mapping[str, str],
    console: Console,
) -> int:
    """Print ``ok NAME`` or every problem, for the scenarios named or for all; 0 when all are usable, else 2."""
    wanted = list(names) or [files.name_of(path) for path in files.all_scenarios(cwd)]
    if not wanted:
        raise UsageError(f"no scenario in {cwd}", "migsim init")
    return max(_validate(name, cwd, variables, environ, console) for name in wanted)


def _validate(name: str, cwd: Path, variables: Mapping[str, str], environ: Mapping[str, str], console: Console) -> int:
    try:
        files.read(files.find(name, cwd), variables, environ)
    except UsageError as error:
        console.print(error.message, markup=False, highlight=False, soft_wrap=True)
        return ExitCode.USAGE
    console.print(f"ok {name}", markup=False, highlight=False, soft_wrap=True)
    return 0
