"""``migsim init``: look at a project, say what was seen, write its first scenario."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from simulator.dumps.choice import taken
from simulator.errors import UsageError
from simulator.host.terminal import Terminal
from simulator.project import ProjectLook, first_scenario, look
from simulator.project.settings_source import is_other_backend
from simulator.scenario import files
from simulator.scenario import text as scenario_text

_DUMP_FOLDERS = (".", "dumps", "dump", "backups", "backup")
_DUMP_SUFFIXES = (".dump", ".pgdump", ".backup", ".sql", ".sql.gz", ".sql.xz", ".sql.zst", ".dump.gz", ".dump.zst")


def init(
    folder: Path, *, name: str, dump: Path | None, force: bool, environ: Mapping[str, str], console: Terminal
) -> int:
    """Write ``scenarios/NAME.yaml.j2`` for the project in ``folder``, and validate what was written.

    Raises UsageError where there is no project, or a scenario of that name already (but for ``force``).
    """
    seen = look(folder)
    if not seen.managers:
        raise UsageError(f"{seen.folder} holds no manage.py, nor does a folder in it", "migsim init FOLDER")
    path = seen.folder / files.FOLDER / f"{name}{files.SUFFIXES[0]}"
    _refuse_existing(path, force)
    found = None if dump else _newest_dump(seen.folder)
    which = first_scenario.nightly(found, datetime.now(UTC) - taken(found)) if found else dump
    text = first_scenario.scenario_for(seen, which, name=name, environ=environ.keys())
    # A name that can't be one is found here, before there is a file.
    scenario_text.load(text, path=path, variables={}, environ={})
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    for line in _told(seen, path, environ):
        console.line(line)
    return 0


def _refuse_existing(path: Path, force: bool) -> None:
    rival = path.with_name(path.name.removesuffix(".j2"))
    there = next((found for found in (path, rival) if found.exists()), None)
    if there is not None and not (force and there == path):
        raise UsageError(f"{there} is there already", "migsim init --force, or --name ANOTHER")


def _newest_dump(folder: Path) -> Path | None:
    """The youngest file that looks like a dump, in the folder or where dumps are kept."""
    found = [
        path
        for name in _DUMP_FOLDERS
        if (folder / name).is_dir()
        for path in (folder / name).iterdir()
        if path.name.endswith(_DUMP_SUFFIXES) and path.is_file()
    ]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def _told(seen: ProjectLook, path: Path, environ: Mapping[str, str]) -> Iterator[str]:
    """What was seen and what is left to do, a line each."""
    yield "looked at the project's files; none of its code was run"
    yield f"project    {seen.home}"
    yield f"settings   {seen.settings or 'not named in manage.py'}"
    for alias, engine in seen.source.databases:
        hint = "; not PostgreSQL: is another settings module meant?" if is_other_backend(engine) else ""
        yield f"database   {alias}: {engine or 'engine computed at run time'}{hint}"
    places = first_scenario.found_places(seen.packaging, seen.folder)
    yield f"runs with  {', '.join(places) or 'nothing found: name an image, build, requirements or interpreter'}"
    yield from _told_variables(seen, environ)
    yield f"wrote      {path}"
    yield f"hint: migsim run {files.name_of(path)}"


def _told_variables(seen: ProjectLook, environ: Mapping[str, str]) -> Iterator[str]:
    """Every variable that the settings need and that is set nowhere; a name is all that is ever shown."""
    missing = [variable for variable in first_scenario.needed(seen) if variable.name not in environ]
    if not missing:
        yield "variables  none is missing, as far as the settings' text tells"
    for variable in missing:
        place = f"{variable.path.relative_to(seen.home)}:{variable.line}"
        effect = "the settings fail without it" if variable.required else "the settings go on with None"
        yield f"missing    {variable.name}  ({place}; {effect})"
