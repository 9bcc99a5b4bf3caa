"""The text of a project's first scenario: what ``init`` writes, and what ``run --dump`` rehearses without a file."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from jinja2 import FileSystemLoader, Template

from simulator import quoting
from simulator.host.resources import shipped
from simulator.project import ProjectLook
from simulator.project.packaging import Packaging
from simulator.project.settings_reads import Variable
from simulator.project.settings_source import is_other_backend, missing_variables

NAME = "prod-copy"
_TEMPLATE = "scenario.yaml.j2"
# Where people keep the dump that they then name; only a placeholder.
_PLACEHOLDER = Path("dumps/prod.dump")
_NUMBER = re.compile(r"\d(?:[\d_.:T-]*\d)?")  # a date, a time, a count
_A_NIGHT = timedelta(hours=26)


@dataclass(frozen=True)
class Dumps:
    """Which dump a scenario restores: the newest that ``pattern`` matches; ``max_age``: an older one is an error."""

    pattern: str  # a path where it matches no other
    newest: bool = False
    max_age: str | None = None


def nightly(dump: Path, age: timedelta) -> Dumps:
    """That dump and those that come after it: of one whose name holds a date or a number, whatever stands there.

    Where its ``age`` tells that it is from last night, an older one is an error from now on.
    """
    name = _NUMBER.sub("*", glob.escape(dump.name))
    path = str(dump.with_name(name)) if "*" in name else str(dump)
    return Dumps(path, newest="*" in name, max_age="26h" if age < _A_NIGHT else None)


def scenario_for(
    look: ProjectLook, dump: Path | Dumps | None, *, name: str = NAME, environ: Collection[str] = ()
) -> str:
    """The scenario of that project on that dump. Its paths are relative to ``look.folder``.

    ``environ`` are the names that are set where migsim runs: the text says which of the needed ones are not.
    """
    dumps = dump if isinstance(dump, Dumps) else Dumps(str(dump or look.folder / _PLACEHOLDER))
    home = look.home.relative_to(look.folder)
    others = [str(path.parent.relative_to(look.folder)) for path in look.managers[1:]]
    return _template().render(
        name=name,
        dump=_relative(Path(dumps.pattern), look.folder),
        newest=dumps.newest,
        max_age=dumps.max_age,
        project=str(home),
        only_project=not others,
        other_projects=others,
        settings=look.settings,
        other_settings=look.other_settings,
        variables=[_described(found, look, environ) for found in needed(look)],
        settings_from=_relative(look.settings_from, look.folder) if look.settings_from else "manage.py",
        env_files=[_relative(path, look.folder) for path in look.env_files],
        found=found_places(look.packaging, look.folder),
        other_databases=_other_databases(look),
    )


def needed(look: ProjectLook) -> tuple[Variable, ...]:
    """The variables that the scenario has to pass through: read without a default, and not in the .env file."""
    return missing_variables(look.source, look.env_names)


def found_places(packaging: Packaging, folder: Path) -> list[str]:
    """What was found that the project's code can run with, the best first, as a person would name it."""
    build = packaging.build.context / packaging.build.dockerfile if packaging.build else None
    found = (build, packaging.requirements, packaging.pyproject, packaging.interpreter)
    return [_relative(path, folder) for path in found if path]


def _template() -> Template:
    environment = quoting.environment(quoting.scenario, FileSystemLoader(shipped("templates")))
    environment.filters["comment"] = quoting.scenario_comment
    return environment.get_template(_TEMPLATE)


def _other_databases(look: ProjectLook) -> list[str]:
    return [alias for alias, engine in look.source.databases if alias != "default" and not is_other_backend(engine)]


def _described(variable: Variable, look: ProjectLook, environ: Collection[str]) -> dict[str, object]:
    place = f"{_relative(variable.path, look.folder)}:{variable.line}"
    return {"name": variable.name, "place": place, "unset": variable.name not in environ}


def _relative(path: Path, folder: Path) -> str:
    """The path as seen from the folder, where that is no detour through the root."""
    absolute = Path(os.path.abspath(path))
    detour = os.path.relpath(absolute, folder)
    return str(absolute) if detour.count("..") > 2 else detour
