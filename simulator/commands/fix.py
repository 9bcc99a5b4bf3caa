"""``migsim fix``: rehearse, and write the fix that works as a script that was rehearsed as well."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from simulator import engines, reports
from simulator.commands.dump import without_file
from simulator.commands.options import Shared
from simulator.errors import ExitCode, UsageError
from simulator.host import store
from simulator.host.terminal import printer
from simulator.model import Report, Verdict
from simulator.run import rehearse_fix
from simulator.scenario import files
from simulator.scenario.files import LoadedScenario

EXECUTABLE = 0o755


@dataclass(frozen=True)
class Wanted:
    """Whose fix, a scenario's by ``name`` or that of a ``dump`` and a project; and where to (None: to stdout)."""

    shared: Shared
    name: str = ""
    dump: Path | None = None
    project: Path = Path()
    output: Path | None = None
    force: bool = False


def run(wanted: Wanted) -> int:
    """0 where a script was written or nothing needs mending, 1 where nothing can be recommended, 3 if unknown."""
    if wanted.output is not None and wanted.output.exists() and not wanted.force:
        again = f"--dump {wanted.dump}" if wanted.dump else wanted.name
        raise UsageError(f"{wanted.output} is there already", f"migsim fix {again} -o {wanted.output} --force")
    loaded = wanted.shared.over(_loaded(wanted))
    console = printer(stderr=True)
    progress = wanted.shared.progress
    for line in store.sweep(engines.remove):
        progress.say(f"left by a dead run, and not removable yet: {line}")
    for_psql = wanted.output is not None and wanted.output.suffix == ".sql"
    result, script = rehearse_fix(loaded, wanted.shared.engine, progress, "sql" if for_psql else "sh")
    if script is None:
        console.lines(reports.to_text(result), markup=True)
        if result.verdict is Verdict.SAFE:
            console.line("There is nothing to fix.")
        return _without_script(result)
    _write(script, wanted.output)
    if wanted.output:
        how = f"psql -d DATABASE -f {wanted.output}" if for_psql else "run it where manage.py is"
        console.line(f"written to {wanted.output}: read it, then {how}")
    console.line(f"Not checked  {'; '.join(result.not_checked)}")
    return ExitCode.SAFE


def _loaded(wanted: Wanted) -> LoadedScenario:
    if bool(wanted.name) == bool(wanted.dump):
        raise UsageError("name a scenario, or give --dump", "migsim list")
    if wanted.dump:
        return without_file(wanted.dump, wanted.project, wanted.shared.variables, os.environ)
    return files.read_all([files.find(wanted.name, Path.cwd())], wanted.shared.variables, os.environ)[0]


def _without_script(result: Report) -> int:
    if result.verdict is Verdict.SAFE:
        return ExitCode.SAFE
    return ExitCode.WOULD_FAIL if result.verdict is Verdict.WOULD_FAIL else ExitCode.CANNOT_TELL


def _write(script: str, output: Path | None) -> None:
    if output is None:
        printer().document(script)
        return
    try:
        output.write_text(script)
        if output.suffix != ".sql":
            output.chmod(EXECUTABLE)
    except OSError as error:
        raise UsageError(f"-o {output}: {error.strerror}", "name a file in a folder that is there") from None
