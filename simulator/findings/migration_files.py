"""What the project's files and its repository say of migrations: their sources, who deleted one, who edited one since.

A repository is only read, and one that can't be read says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from simulator.findings import migration_source
from simulator.findings.graph import app_of
from simulator.findings.situation import Edit, GitTrace, HistoryRow
from simulator.model import MigrationFile
from simulator.sources import git_history
from simulator.sources.git_history import Change
from simulator.sources.trees import Tree

# More names than this, and git is asked for every migration at once: it compares each path with each name.
_MOST_NAMES = 40
_MOST_OF_APPS = 200  # migrations of whole apps whose text is read


def texts(code: Tree, files: Iterable[MigrationFile]) -> Mapping[str, str]:
    """The sources of those migrations that are the project's own, by name."""
    found = {}
    for file in files:
        path = code.project / file.path
        if not file.path or PurePosixPath(file.path).is_absolute() or not path.is_file():
            continue  # a package's, which lies where the project runs, not here
        found[file.name] = path.read_text("utf-8", "replace")
    return found


# --- its repository ------------------------------------------------------------------------------


def git_traces(
    code: Tree, names: Iterable[str], apps: Iterable[str] = (), files: Iterable[MigrationFile] = ()
) -> Mapping[str, GitTrace]:
    """What the repository knows of those migrations, and of any others of those apps that are not on disk.

    ``files`` tell where an app's migrations lie; else its folder is taken to be named as its label. Empty without a
    repository.
    """
    wanted, apps = list(dict.fromkeys(names)), list(dict.fromkeys(apps))
    repository = git_history.repository_of(code.root) if wanted or apps else None
    if repository is None:
        return {}
    folders = _folders(code, files)
    found = git_history.changes(repository, "AD", "--all", _own_places(wanted, apps, folders))
    unseen = [name for name in wanted if not any(change.path == _own_place(name, folders) for change in found)]
    # Anywhere, which takes git several times as long in a large repository.
    elsewhere = _any_places(unseen, [app for app in apps if app not in folders])
    found = (*found, *git_history.changes(repository, "AD", "--all", elsewhere))
    paths = _paths(wanted, apps, found, folders, code.root)
    return dict(_traces(repository, paths, found))


def _own_places(names: Iterable[str], apps: Iterable[str], folders: Mapping[str, str]) -> list[str]:
    """Pathspecs of the migrations in the folders that are known."""
    known = [_own_place(name, folders) for name in names if app_of(name) in folders]
    return [f":(literal){path}" for path in known] + [f":(literal){folders[app]}" for app in apps if app in folders]


def _own_place(name: str, folders: Mapping[str, str]) -> str:
    app, _dot, migration = name.partition(".")
    return f"{folders.get(app, '')}/{migration}.py"


def _any_places(names: Sequence[str], apps: Sequence[str]) -> list[str]:
    """Pathspecs of migrations wherever they are."""
    if apps or len(names) > _MOST_NAMES:
        return ["*/migrations/*.py", "migrations/*.py"]
    own = dict.fromkeys(_escaped(name.partition(".")[2]) for name in names)
    return [f"{start}migrations/{name}.py" for name in own for start in ("*/", "")]


def _escaped(name: str) -> str:
    return re.sub(r"([\\*?\[])", r"\\\1", name)


def _folders(code: Tree, files: Iterable[MigrationFile]) -> dict[str, str]:
    """Label -> where its migrations lie, relative to the repository's root."""
    above = _relative(code)
    return {
        app_of(file.name): str(above / PurePosixPath(file.path).parent)
        for file in files
        if file.path and not PurePosixPath(file.path).is_absolute()
    }


def _relative(code: Tree) -> PurePosixPath:
    """The project's folder in its repository."""
    try:
        return PurePosixPath(code.project.resolve().relative_to(code.root.resolve()).as_posix())
    except ValueError:
        return PurePosixPath()


def _paths(
    names: Sequence[str], apps: Sequence[str], found: Sequence[Change], folders: Mapping[str, str], root: Path
) -> dict[str, str]:
    """Name -> the path that was its file."""
    by_file: dict[str, list[str]] = {}
    for change in found:
        paths = by_file.setdefault(PurePosixPath(change.path).stem, [])
        if change.path not in paths:
            paths.append(change.path)
    chosen = {}
    for name in names:
        app, _dot, migration = name.partition(".")
        path = _best(app, migration, by_file.get(migration, []), folders)
        if path is not None:
            chosen[name] = path
    for change in found:
        label = next((each for each in apps if _is_of(change.path, each, folders)), None)
        stem = PurePosixPath(change.path).stem
        gone = stem != "__init__" and not (root / change.path).exists()
        if label is not None and gone and len(chosen) < len(names) + _MOST_OF_APPS:
            chosen.setdefault(f"{label}.{stem}", change.path)
    return chosen


def _is_of(path: str, app: str, folders: Mapping[str, str]) -> bool:
    folder = PurePosixPath(path).parent
    return str(folder) == folders.get(app) or (app not in folders and folder.parent.name == app)


def _best(app: str, migration: str, paths: Sequence[str], folders: Mapping[str, str]) -> str | None:
    """In the app's own folder; in one named as its label; or the only one there is, if its name tells it apart."""
    own = [path for path in paths if str(PurePosixPath(path).parent) == folders.get(app)]
    named = [path for path in paths if PurePosixPath(path).parent.parent.name == app]
    others = {folder for label, folder in folders.items() if label != app}
    rest = [path for path in paths if str(PurePosixPath(path).parent) not in others]
    alone = rest if len(rest) == 1 and not migration.endswith("_initial") else []
    return next(iter([*own, *named, *alone]), None)


def _traces(repository: Path, paths: Mapping[str, str], found: Sequence[Change]) -> Iterator[tuple[str, GitTrace]]:
    deleted: dict[str, Change] = {}
    added: dict[str, Change] = {}
    for change in found:
        (deleted if change.kind == "D" else added).setdefault(change.path, change)
    tips = git_history.at_tips(repository, list(dict.fromkeys(paths.values())))
    places = {path: _last_place(path, tips.get(path, ()), deleted, added) for path in paths.values()}
    sources = git_history.texts(repository, filter(None, places.values()))
    for name, path in paths.items():
        gone = deleted.get(path)
        yield (
            name,
            GitTrace(
                path=path,
                deleted_in=gone.short if gone else None,
                deleted_by=gone.author if gone else None,
                deleted_at=gone.written if gone else None,
                on_refs=tuple(git_history.short_name(ref) for ref in tips.get(path, ())),
                text=sources.get(places[path] or ""),
            ),
        )


def _last_place(
    path: str, refs: Sequence[str], deleted: Mapping[str, Change], added: Mapping[str, Change]
) -> str | None:
    """Where its last text is: at the tip of a branch, before it was deleted, or as it was added."""
    if refs:
        return f"{refs[0]}:{path}"
    if path in deleted:
        return f"{deleted[path].commit}^:{path}"
    return f"{added[path].commit}:{path}" if path in added else None


def edited_after(code: Tree, files: Iterable[MigrationFile], rows: Iterable[HistoryRow]) -> Mapping[str, Edit]:
    """Applied migrations whose operations on disk are not those that the repository had when they were applied.

    A commit's date is when it was made here, which may be later than when its text was deployed.
    """
    applied = {row.name: moment for row in rows if (moment := _moment(row.applied)) is not None}
    above = _relative(code)
    now = texts(code, [file for file in files if file.name in applied])
    paths = {file.name: str(above / file.path) for file in files if file.name in now}
    root = git_history.repository_of(code.root) if paths else None
    if root is None:
        return {}
    # In the tree itself: a throwaway one is at another commit than the repository it borrows from.
    since = min(applied[name] for name in paths).isoformat()
    asked = [f":(literal){path}" for path in paths.values()]
    found = git_history.changes(code.root, "M", "HEAD", asked, since)
    loose = set(git_history.uncommitted(code.root, asked))
    firsts = {name: _first_after(path, applied[name], found) for name, path in paths.items()}
    places = {
        name: f"{first.commit}^:{paths[name]}" if first else f"HEAD:{paths[name]}"
        for name, first in firsts.items()
        if first or paths[name] in loose
    }
    then = git_history.texts(code.root, places.values())
    return {
        name: _edit(paths[name], firsts[name], then[place])
        for name, place in places.items()
        if place in then and migration_source.changed(then[place], now[name])
    }


def _first_after(path: str, applied: datetime, found: Sequence[Change]) -> Change | None:
    """The oldest change of that file since then. The log has the newest first."""
    later = [one for one in found if one.path == path and (at := _moment(one.committed)) is not None and at > applied]
    return later[-1] if later else None


def _edit(path: str, change: Change | None, text: str) -> Edit:
    if change is None:
        return Edit(path, text=text)
    return Edit(path, change.short, change.author, change.written, text)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
