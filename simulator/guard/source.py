"""What one migration file says of itself, by its syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from simulator.findings.migration_source import argument, called, option, text_of

Key = tuple[str, str]  # (label, name)

_IGNORED = re.compile(r"#[ \t]*migsim:[ \t]*ignore[ \t]+(?P<id>[\w-]+)[ \t]*:[ \t]*(?P<reason>\S.*)")
_SOUTH = re.compile(r"^\s*(?:from|import)\s+south\b", re.MULTILINE)
_ANY_NAME = ("__first__", "__latest__")
_TABLELESS = ("proxy", "managed")
_DROPS = re.compile(r"\b(?:DROP\s+TABLE|RENAME)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """A table that a CreateModel makes."""

    name: str
    model: str  # in lower case, as Django's state knows it
    line: int


@dataclass(frozen=True)
class Source:
    """One migration file. ``unreadable``: why what it depends on can't be told; ``computed``: why not what it does."""

    dependencies: tuple[Key, ...] = ()
    replaces: tuple[Key, ...] = ()
    dependencies_line: int = 1
    creates: tuple[Table, ...] = ()
    removes: frozenset[str] = frozenset()  # models whose table goes or gets another name
    drops: tuple[str, ...] = ()  # SQL of its own that may take a table away
    unreadable: str = ""
    computed: str = ""
    ignored: Mapping[str, str] = field(default_factory=dict)  # id -> reason
    is_migration: bool = True


@lru_cache(maxsize=10_000)
def read(text: str, label: str) -> Source:
    """``label``: the app's, of which Django makes the names of tables."""
    ignored = {found["id"]: found["reason"].strip() for found in _IGNORED.finditer(text)}
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f" (line {error.lineno})" if isinstance(error, SyntaxError) and error.lineno else ""
        return Source(unreadable=f"can't be parsed{line}", ignored=ignored)
    classes = [node for node in module.body if isinstance(node, ast.ClassDef)]
    migration = next((node for node in classes if node.name == "Migration"), None)
    if migration is None or is_souths(text):
        return Source(ignored=ignored, is_migration=False)
    return _Reading(migration, label).source(ignored)


def is_souths(text: str) -> bool:
    """Whether it is a migration of South, which came before Django's own and means other things by the same names."""
    return bool(_SOUTH.search(text))


@lru_cache(maxsize=10_000)
def normal_form(text: str) -> tuple[str, ...] | None:
    """What the module imports, and its other statements without layout, comments and docstrings.

    None where it can't be parsed. The order of imports, and what they take from the future, change nothing.
    """
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    statements = [
        node for node in _without_docstring(module.body) if not isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    return (*sorted(set(_imports(module))), *(ast.dump(_WithoutDocstrings().visit(node)) for node in statements))


def _imports(module: ast.Module) -> Iterator[str]:
    for node in module.body:
        if isinstance(node, ast.Import):
            yield from (f"import {name.name} as {name.asname}" for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
            where = f"{'.' * node.level}{node.module or ''}"
            yield from (f"from {where} import {name.name} as {name.asname}" for name in node.names)


def first_difference(old: str, new: str) -> int:
    """The line of the first statement of ``new`` that ``old`` has not: in the class Migration, of its attribute."""
    known = {ast.dump(node) for node in _statements(ast.parse(old))}
    return next((node.lineno for node in _statements(ast.parse(new)) if ast.dump(node) not in known), 1)


class _Reading:
    """One class Migration."""

    def __init__(self, migration: ast.ClassDef, label: str) -> None:
        self.label = label
        self.values: dict[str, ast.expr] = {}
        self.touched: set[str] = set()  # names that more than a plain assignment makes
        for statement in migration.body:
            self._note(statement)

    def _note(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target, value = statement.targets[0], statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            target, value = statement.target, statement.value
        else:
            self.touched |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
            return
        if isinstance(target, ast.Name):
            self.values[target.id] = value

    def source(self, ignored: Mapping[str, str]) -> Source:
        dependencies, clear = self._keys("dependencies")
        replaces, whole = self._keys("replaces")
        operations, listed = self._listed("operations")
        operations = list(_in_the_database(operations))
        value = self.values.get("dependencies")
        return Source(
            dependencies=dependencies,
            replaces=replaces,
            dependencies_line=value.lineno if value else 1,
            creates=tuple(_created(operations, self.label)),
            removes=frozenset(_removed(operations)),
            drops=tuple(_dropping(operations)),
            unreadable="" if clear and whole else "computes what it depends on",
            computed="" if listed else "computes its operations",
            ignored=ignored,
        )

    def _keys(self, name: str) -> tuple[tuple[Key, ...], bool]:
        """The pairs of plain texts, and whether all is plain. A swappable dependency is the settings' matter."""
        listed, clear = self._listed(name)
        found: list[Key] = []
        for each in listed:
            if called(each) == "swappable_dependency":
                continue
            key = _key(each)
            if key is None:
                clear = False
            elif key[1] not in _ANY_NAME:
                found.append(key)
        return tuple(found), clear

    def _listed(self, name: str) -> tuple[list[ast.expr], bool]:
        value = self.values.get(name)
        if value is None:
            return [], name not in self.touched
        if not isinstance(value, (ast.List, ast.Tuple)):
            return [], False
        return value.elts, name not in self.touched and not any(isinstance(one, ast.Starred) for one in value.elts)


def _key(node: ast.expr) -> Key | None:
    parts = node.elts if isinstance(node, (ast.Tuple, ast.List)) else []
    texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return (texts[0], texts[1]) if len(parts) == len(texts) == 2 else None


def _created(operations: list[ast.expr], label: str) -> Iterator[Table]:
    for each in operations:
        options, name = argument(each, "options", 2), text_of(each, "name", 0)
        table = _table_of_model(options, label, name)
        if called(each) == "CreateModel" and table and not any(_is_off(options, flag) for flag in _TABLELESS):
            yield Table(table, name.lower(), each.lineno)


def _removed(operations: list[ast.expr]) -> Iterator[str]:
    for each in operations:
        if called(each) in ("DeleteModel", "AlterModelTable"):
            yield text_of(each, "name", 0).lower()
        elif called(each) == "RenameModel":
            yield text_of(each, "old_name", 0).lower()


def _dropping(operations: list[ast.expr]) -> Iterator[str]:
    for each in operations:
        if called(each) == "RunSQL":
            texts = [node.value for node in ast.walk(each) if isinstance(node, ast.Constant)]
            yield from (text for text in texts if isinstance(text, str) and _DROPS.search(text))


def _in_the_database(operations: list[ast.expr]) -> Iterator[ast.expr]:
    """Those of the state alone make and take away no table."""
    for each in operations:
        if called(each) == "SeparateDatabaseAndState":
            inner = argument(each, "database_operations", 0)
            yield from _in_the_database(inner.elts if isinstance(inner, (ast.List, ast.Tuple)) else [])
        else:
            yield each


def _is_off(options: ast.expr | None, flag: str) -> bool:
    """proxy: True and managed: False have no table of their own; nor is one known where the options are computed."""
    if options is None:
        return False
    if not isinstance(options, ast.Dict):
        return True
    for key, value in zip(options.keys, options.values, strict=True):
        if isinstance(key, ast.Constant) and key.value == flag:
            return not (isinstance(value, ast.Constant) and value.value is (flag == "managed"))
    return False


def _table_of_model(options: ast.expr | None, label: str, name: str) -> str:
    if isinstance(options, ast.Dict) and any(
        isinstance(key, ast.Constant) and key.value == "db_table" for key in options.keys
    ):
        return option(options, "db_table").strip('"')
    return _default_table(label, name)


def _default_table(label: str, model: str) -> str:
    return f"{label}_{model.lower()}" if model else ""


def _statements(module: ast.Module) -> Iterator[ast.stmt]:
    for node in _without_docstring(module.body):
        if isinstance(node, ast.ClassDef):
            yield from _without_docstring(node.body)
        else:
            yield node


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    is_docstring = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return body[1:] if is_docstring else body


class _WithoutDocstrings(ast.NodeTransformer):
    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.generic_visit(node)
        node.body = _without_docstring(node.body)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.body = _without_docstring(node.body)
        return node
