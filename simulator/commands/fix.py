"""``migsim fix``: rehearse, and write the fix that works as a script that was rehearsed as well."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from simulator import engines, reports
from simulator.errors import ExitCode, UsageError
from simulator.host import store
from simulator.host.progress import Progress
from simulator.host.terminal import printer, progress_printer
from simulator.model import Report, Verdict
from simulator.run import rehearse_fix
from simulator.scenario import files

EXECUTABLE = 0o755


@dataclass(frozen=True)
class Wanted:
    """Which scenario's fix, and where to. ``output`` None: to stdout."""

    name: str
    variables: Mapping[str, str]
    engine: str = "auto"
    output: Path | None = None
    force: bool = False


def run(wanted: Wanted) -> int:
    """0 where a script was written or nothing needs mending, 1 where nothing can be recommended, 3 if unknown."""
    if wanted.output is not None and wanted.output.exists() and not wanted.force:
        raise UsageError(f"{wanted.output} is there already", f"migsim fix {wanted.name} -o {wanted.output} --force")
    loaded = files.read_all([files.find(wanted.name, Path.cwd())], wanted.variables, os.environ)[0]
    console = printer(stderr=True)
    progress = Progress(progress_printer())
    for line in store.sweep(engines.remove):
        progress.say(f"left by a dead run, and not removable yet: {line}")
    result, script = rehearse_fix(loaded, wanted.engine, progress)
    if script is None:
        console.print(reports.to_text(result))
        if result.verdict is Verdict.SAFE:
            console.print("There is nothing to fix.")
        return _without_script(result)
    _write(script, wanted.output)
    where = f"written to {wanted.output}: read it, then run it where manage.py is" if wanted.output else ""
    console.print(f"{where}\nNot checked  {'; '.join(result.not_checked)}".strip(), markup=False)
    return ExitCode.SAFE


def _without_script(result: Report) -> int:
    if result.verdict is Verdict.SAFE:
        return ExitCode.SAFE
    return ExitCode.WOULD_FAIL if result.verdict is Verdict.WOULD_FAIL else ExitCode.CANNOT_TELL


def _write(script: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(script)
        return
    try:
        output.write_text(script)
        output.chmod(EXECUTABLE)
    except OSError as error:
        raise UsageError(f"-o {output}: {error.strerror}", "name a file in a folder that is there") from None
