"""A dump and a project's folder in place of a scenario file, for the commands that take ``--dump``."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from simulator import project
from simulator.errors import UsageError
from simulator.project import first_scenario
from simulator.scenario import files, text
from simulator.scenario.files import LoadedScenario

NAME = "dump"  # what it is called in its report


def without_file(dump: Path, folder: Path, variables: Mapping[str, str], environ: Mapping[str, str]) -> LoadedScenario:
    """The scenario that ``init`` would write for that dump and the project in ``folder``. Raises UsageError."""
    _refuse_what_is_not_there(dump, folder)
    seen = project.look(folder)
    written = first_scenario.scenario_for(seen, dump.resolve(), name=NAME, environ=environ.keys())
    path = seen.folder / files.FOLDER / f"{NAME}.yaml"
    scenario = text.load(written, path=path, variables=variables, environ=environ)
    where = () if folder == Path() else ("--project", str(folder))
    return LoadedScenario(scenario, path, seen.folder, asked=shlex.join(("--dump", str(dump), *where)))


def _refuse_what_is_not_there(dump: Path, folder: Path) -> None:
    if not os.path.isdir(folder):
        raise UsageError(f"--project {folder}: no such folder", "name the one that holds manage.py: --project backend")
    if not os.path.lexists(dump):
        raise UsageError(f"--dump {dump}: no such file", f"see what there is: ls {shlex.quote(str(dump.parent))}")
