"""Reads a Django project's manage.py and settings as source, without running any of it."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from simulator.project.settings_reads import Variable, reads

_SETTINGS = "DJANGO_SETTINGS_MODULE"
# Set by the sandbox or by any system: nobody has to name them.
_ALWAYS_THERE = frozenset(
    {"DATABASE_URL", "PGDATABASE", "PGHOST", "PGPASSWORD", "PGPORT", "PGUSER", _SETTINGS}
    | {"HOME", "LANG", "LC_ALL", "PATH", "TMPDIR"}
)
# What reads variables from somewhere else than the environment, or puts them there.
_BRINGS = re.compile(
    r"dotenv|read_env|decouple|AutoConfig|FileAware|\.env\b|putenv|environ\[[^\]]+\]\s*=(?!=)|environ\.update"
    rf"|environ\.setdefault\((?!\s*[\"']{_SETTINGS})"
)
# Backends that no PostgreSQL dump can be for; an ENGINE of another name may be a wrapper of Django's.
_OTHER_BACKENDS = ("sqlite3", "spatialite", "mysql", "oracle", "dummy")


@dataclass(frozen=True)
class SettingsSource:
    """What the settings module, and what it imports of its own project, say in so many words.

    ``databases`` maps each alias of a literal DATABASES to its literal ENGINE (None: computed).
    """

    files: tuple[Path, ...] = ()
    always: frozenset[Path] = frozenset()  # of these, those that no condition decides about
    variables: tuple[Variable, ...] = ()
    databases: tuple[tuple[str, str | None], ...] = ()


def settings_of(manage: Path) -> str | None:
    """The settings module that a manage.py sets by default; None: it can't be told from its text."""
    for node in _nodes(manage):
        match node:
            case ast.Call(args=[ast.Constant(value=name), ast.Constant(value=str(module))]) if name == _SETTINGS:
                return module
            case ast.Assign(
                targets=[ast.Subscript(slice=ast.Constant(value=name))], value=ast.Constant(value=str(module))
            ) if name == _SETTINGS:
                return module
    return None


def read_settings(module: str, home: Path) -> SettingsSource:
    """Read a settings module of the project in ``home``, and the modules it takes its settings from."""
    start = module_file(home, module)
    files = _all_from(start, home, _nodes)
    variables: dict[str, Variable] = {}
    for path in files:
        for found in reads(_tree(path), path):
            known = variables.get(found.name)
            if known is None or (found.required and not known.required):
                variables[found.name] = found
    # The settings module itself comes last: what it says wins.
    databases = dict(pair for path in reversed(files) for pair in _databases(path))
    always = frozenset(_all_from(start, home, lambda path: iter(_tree(path).body)))
    return SettingsSource(tuple(files), always, tuple(variables.values()), tuple(databases.items()))


def _all_from(start: Path | None, home: Path, nodes: Callable[[Path], Iterator[ast.AST]]) -> list[Path]:
    """The module and those that it takes settings from, by these nodes of each."""
    todo = [start] if start else []
    files: list[Path] = []
    while todo:
        path = todo.pop()
        if path not in files:
            files.append(path)
            todo.extend(_sources(path, home, nodes(path)))
    return files


def missing_variables(source: SettingsSource, given: Collection[str]) -> tuple[Variable, ...]:
    """The variables that the settings read without a default and that are not among ``given``."""
    there = _ALWAYS_THERE.union(given)
    return tuple(variable for variable in source.variables if variable.name not in there)


def certainly_missing(source: SettingsSource, given: Collection[str], manage: Path) -> tuple[Variable, ...]:
    """Those without which the settings fail for sure: each is read in any case, in files that are read in any case, and
    no code of the project is run by then that could bring them along (a .env that is read, a module of its own)."""
    home = manage.parent
    before = (manage, *source.files)
    if any(_BRINGS.search(_text(path)) or _runs_others(path, home, source.files) for path in before):
        return ()
    missing = missing_variables(source, given)
    return tuple(one for one in missing if one.required and one.always and one.path in source.always)


def _runs_others(path: Path, home: Path, known: Collection[Path]) -> bool:
    """Whether it imports a module of the project's that is none of the settings."""
    for node in _nodes(path):
        modules: list[tuple[Path, str]] = []
        if isinstance(node, ast.Import):
            modules = [(home, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = path.parents[node.level - 1] if node.level else home
            names = [node.module] if node.module else [alias.name for alias in node.names]
            modules = [(base, name) for name in names]
        files = (module_file(base, name) for base, name in modules)
        if any(file is not None and file not in known for file in files):
            return True
    return False


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def is_other_backend(engine: str | None) -> bool:
    """Whether a literal ENGINE is certainly not PostgreSQL's."""
    return engine is not None and engine.endswith(_OTHER_BACKENDS)


def siblings(module: str, home: Path) -> tuple[str, ...]:
    """Other settings modules beside this one, where they live in a folder ``settings``."""
    package, _, _ = module.rpartition(".")
    path = module_file(home, module)
    if path is None or path.parent.name != "settings":
        return ()
    names = sorted(other.stem for other in path.parent.glob("*.py") if other != path)
    return tuple(f"{package}.{name}" for name in names if name not in ("__init__", "base", "common"))


def _databases(path: Path) -> Iterator[tuple[str, str | None]]:
    for node in _nodes(path):
        match node:
            case ast.Assign(targets=[ast.Name(id="DATABASES")], value=ast.Dict(keys=keys, values=values)):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        yield key.value, _engine(value)
            case ast.Assign(
                targets=[ast.Subscript(value=ast.Name(id="DATABASES"), slice=ast.Constant(value=str(alias)))],
                value=value,
            ):
                yield alias, _engine(value)


def _engine(value: ast.expr) -> str | None:
    if not isinstance(value, ast.Dict):
        return None
    for key, inner in zip(value.keys, value.values, strict=True):
        match key, inner:
            case ast.Constant(value="ENGINE"), ast.Constant(value=str(engine)):
                return engine
    return None


def _sources(path: Path, home: Path, nodes: Iterator[ast.AST]) -> Iterator[Path]:
    """The project's modules that a settings module takes settings from: star imports, its own package's, includes."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            star = any(alias.name == "*" for alias in node.names)
            for found in _imported(node, path, home):
                if star or found.parent == path.parent:
                    yield found
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("include", "optional"):
            for argument in node.args:  # django-split-settings
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield from _included(argument.value, path.parent)


def _imported(node: ast.ImportFrom, path: Path, home: Path) -> Iterator[Path]:
    base = path.parents[node.level - 1] if node.level else home
    modules = [node.module] if node.module else [alias.name for alias in node.names]
    for module in modules:
        if found := module_file(base, module):
            yield found


def _included(pattern: str, folder: Path) -> Iterator[Path]:
    if pattern.endswith(".py") and not pattern.startswith("/"):
        yield from sorted(found for found in folder.glob(pattern) if found.is_file())


def module_file(base: Path, module: str) -> Path | None:
    """The file of a module of the project; None: it has none there."""
    path = base.joinpath(*module.split("."))
    candidates = (path.with_name(f"{path.name}.py"), path / "__init__.py")
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(_tree(path))


def _tree(path: Path) -> ast.Module:
    """The file's syntax tree; empty for one that this Python can't parse: the rehearsal will say so."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python thinks of the project's literals is not ours to say
            return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])
