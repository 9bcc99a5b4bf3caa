"""``migsim validate``: are these scenarios usable, and if not, every reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from simulator.errors import ExitCode, UsageError
from simulator.host.terminal import Terminal
from simulator.scenario import files


def run(
    names: Sequence[str],
    *,
    cwd: Path,
    variables: Mapping[str, str],
    environ: Mapping[str, str],
    console: Terminal,
) -> int:
    """Print ``ok NAME`` or every problem, for the scenarios named or for all; 0 when all are usable, else 2."""
    wanted = list(names) or [files.name_of(path) for path in files.all_scenarios(cwd)]
    if not wanted:
        raise UsageError(f"no scenario in {cwd}", "migsim init")
    with files.reader() as reading:
        return max(_validate(name, cwd, reading, variables, environ, console) for name in wanted)


def _validate(
    name: str,
    cwd: Path,
    reading: files.Reader,
    variables: Mapping[str, str],
    environ: Mapping[str, str],
    console: Terminal,
) -> int:
    try:
        reading.read(files.find(name, cwd), variables, environ)
    except UsageError as error:
        console.lines(error.lines)
        return ExitCode.USAGE
    console.line(f"ok {name}")
    return 0
