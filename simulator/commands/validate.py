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
    read = []
    with files.reader() as reading:
        for name in wanted:
            try:
                read.append(reading.read(files.find(name, cwd), variables, environ))
            except UsageError as error:
                console.lines(error.lines)
            else:
                console.line(f"ok {name}")
    if len(read) < len(wanted):
        return ExitCode.USAGE
    files.refuse_unused(variables, read)  # as run would
    return ExitCode.SAFE
