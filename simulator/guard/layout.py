"""Where a tree keeps its migrations: projects, apps with their labels, and each app's files."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import PurePosixPath

from simulator.guard import source
from simulator.guard.source import Source

FOLDER = "migrations"
MAX_MIGRATION = "max_migration.txt"  # django-linear-migrations keeps the name of each app's leaf there
_SETTINGS = re.compile(r"(?:^|/)(?:settings|config|conf)\b[^/]*(?:/.*)?\.py$")
_MOST_ASKED = 6  # migrations of an app that are asked for its label
_MOST_SETTINGS = 200  # files that are looked through for MIGRATION_MODULES
_PAIR = re.compile(r"""\(\s*["'](\w+)["']\s*,\s*["'](\w+)["']\s*,?\s*\)""")
_IS_MIGRATION = re.compile(r"^class Migration\b", re.MULTILINE)


@dataclass(frozen=True)
class Tree:
    """The files of one commit: their blobs by path, and how a blob is read (None: it is not on this machine)."""

    files: Mapping[str, str]
    read: Callable[[str], str | None]

    def text(self, path: str) -> str | None:
        blob = self.files.get(path)
        return None if blob is None else self.read(blob)

    @cached_property
    def by_folder(self) -> Mapping[str, list[str]]:
        """The names of the files in each folder."""
        found: dict[str, list[str]] = {}
        for path in self.files:
            folder, _, name = path.rpartition("/")
            found.setdefault(folder, []).append(name)
        return found


@dataclass(frozen=True)
class App:
    """One app's migrations. ``project`` is the folder of its manage.py, "" for the top."""

    project: str
    label: str
    folder: str
    paths: Mapping[str, str]  # name -> path
    tree: Tree = field(repr=False, compare=False)

    @property
    def key(self) -> tuple[str, str]:
        return (self.project, self.label)

    @cached_property
    def blobs(self) -> frozenset[tuple[str, str | None]]:
        """What tells whether anything of it differs from another tree's."""
        names = (*self.paths.values(), f"{self.folder}/{MAX_MIGRATION}")
        return frozenset((PurePosixPath(path).name, self.tree.files.get(path)) for path in names)

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """Each migration that can be read, by name; what is no migration (no class Migration) is left out."""
        found = {name: self.source(name) for name in self.paths}
        return {name: one for name, one in found.items() if one is not None and one.is_migration}

    def source(self, name: str) -> Source | None:
        text = self.tree.text(self.paths[name])
        return None if text is None else source.read(text, self.label)

    @cached_property
    def text(self) -> str:
        """All that its files say, so that most apps need no syntax tree."""
        return "\n".join(self.tree.text(path) or "" for path in self.paths.values())

    @property
    def max_migration(self) -> str | None:
        text = self.tree.text(f"{self.folder}/{MAX_MIGRATION}")
        return None if text is None else text.strip()


@dataclass(frozen=True)
class Layout:
    """The apps of a tree. ``unclear``: sentences on what could not be told apart."""

    apps: Mapping[tuple[str, str], App] = field(default_factory=dict)
    projects: frozenset[str] = frozenset()
    unclear: tuple[str, ...] = ()

    def of_project(self, project: str) -> Mapping[str, App]:
        return {app.label: app for app in self.apps.values() if app.project == project}


def read_layout(tree: Tree, only: Iterable[str] = ()) -> Layout:
    """``only``: folders of projects, where not all of the tree's are meant."""
    wanted = tuple(only)
    projects = _projects(tree)
    named, found = dict[tuple[str, str], App](), dict[tuple[str, str], list[App]]()
    for folder, label in _folders(tree, projects).items():
        paths = _migrations(tree, folder)
        if not paths or (wanted and not any(_is_below(folder, project) for project in wanted)):
            continue
        app = App(_project_of(folder, projects), label or _label(tree, folder, paths), folder, paths, tree)
        if label:
            named[app.key] = app
        else:
            found.setdefault(app.key, []).append(app)
    alone = {key: apps[0] for key, apps in found.items() if len(apps) == 1}
    unclear = tuple(
        f"{' and '.join(app.folder for app in apps)}: both have the label {key[1]}"
        for key, apps in sorted(found.items())
        if len(apps) > 1 and key not in named
    )
    # Where the settings name an app's folder, the usual one is not looked at.
    return Layout({**alone, **named}, projects, unclear)


def is_migration_path(path: str, folders: Iterable[str]) -> bool:
    """Whether a file is a migration's, by its place and name."""
    place = PurePosixPath(path)
    return str(place.parent) in set(folders) and _is_migration_name(place.name)


def _projects(tree: Tree) -> frozenset[str]:
    found = {_parent(path) for path in tree.files if path == "manage.py" or path.endswith("/manage.py")}
    return frozenset(found or {""})


def _project_of(folder: str, projects: Iterable[str]) -> str:
    """The nearest above; a folder that is above all of them belongs to the top."""
    above = [project for project in projects if _is_below(folder, project)]
    return max(above, key=len, default="")


def _folders(tree: Tree, projects: Iterable[str]) -> dict[str, str]:
    """Each folder of migrations, with the label that MIGRATION_MODULES gives it ("": it says nothing)."""
    found = {folder: "" for folder in sorted(tree.by_folder) if PurePosixPath(folder).name == FOLDER}
    for label, module in _migration_modules(tree):
        inside = module.replace(".", "/")
        for project in projects:
            for folder in (_join(project, inside), _join(project, f"src/{inside}")):
                if folder in tree.by_folder:
                    found[folder] = label
    return found


def _migration_modules(tree: Tree) -> Iterator[tuple[str, str]]:
    """What settings files say in plain text: label -> dotted module."""
    settings = sorted(path for path in tree.files if _SETTINGS.search(path))[:_MOST_SETTINGS]
    for path in settings:
        text = tree.text(path)
        if text and "MIGRATION_MODULES" in text:
            yield from _modules_in(text)


@lru_cache(maxsize=1_000)
def _modules_in(text: str) -> tuple[tuple[str, str], ...]:
    found = []
    for node in ast.walk(_parsed(text)):
        named = isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "MIGRATION_MODULES" for target in node.targets
        )
        if named and isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            for key, value in zip(node.value.keys, node.value.values, strict=True):
                texts = [part.value for part in (key, value) if isinstance(part, ast.Constant)]
                if len(texts) == 2 and all(isinstance(one, str) for one in texts):
                    found.append((str(texts[0]), str(texts[1])))
    return tuple(found)


def _migrations(tree: Tree, folder: str) -> dict[str, str]:
    """Name -> path of each file there that Django would load as a migration."""
    names = filter(_is_migration_name, tree.by_folder.get(folder, ()))
    found = {name.removesuffix(".py"): _join(folder, name) for name in sorted(names)}
    return found if any(_looks_like_one(tree, path) for path in found.values()) else {}


def _looks_like_one(tree: Tree, path: str) -> bool:
    """A folder called migrations may be another tool's. What can't be read is taken as Django's."""
    text = tree.text(path)
    return text is None or (bool(_IS_MIGRATION.search(text)) and not source.is_souths(text))


def _is_migration_name(name: str) -> bool:
    """As django.db.migrations.loader takes modules: neither _private nor ~backups, and no package's own file."""
    return name.endswith(".py") and name[0] not in "_~"


def _label(tree: Tree, folder: str, paths: Mapping[str, str]) -> str:
    """An AppConfig's, else the one by which the app's own migrations depend on each other, else the folder's."""
    package = _parent(folder)
    for file in ("apps.py", "__init__.py"):
        text = tree.text(_join(package, file))
        if text and "label" in text and (label := _configured(text)):
            return label
    own = PurePosixPath(package).name or PurePosixPath(folder).name
    said = Counter(
        label for name in sorted(paths)[1:_MOST_ASKED] for label in _labels_in(tree.text(paths[name]), paths)
    )
    if own in said or not said:
        return own
    (label, times), *others = said.most_common(2)
    return own if others and others[0][1] == times else label


def _labels_in(text: str | None, names: Iterable[str]) -> set[str]:
    """The labels of dependencies on a migration that the app has: its own, and those of others with that name."""
    return {str(label) for label, name in _PAIR.findall(text or "") if name in names}


@lru_cache(maxsize=1_000)
def _configured(text: str) -> str:
    """The label of the one AppConfig that has any, or of the default one."""
    labels: dict[str, bool] = {}
    for node in _parsed(text).body:
        if isinstance(node, ast.ClassDef) and any(_last_name(base).endswith("AppConfig") for base in node.bases):
            values = {
                target.id: statement.value.value
                for statement in node.body
                if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
                for target in statement.targets
                if isinstance(target, ast.Name)
            }
            if isinstance(label := values.get("label"), str):
                labels[label] = labels.get(label, False) or values.get("default") is True
    defaults = [label for label, is_default in labels.items() if is_default]
    found = defaults or list(labels)
    return found[0] if len(found) == 1 else ""


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else str(getattr(node, "id", ""))


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _is_below(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(f"{folder}/")
