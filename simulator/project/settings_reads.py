"""Which environment variables a settings module reads without a default. Syntax trees in, names out.

Known ways: ``os.environ``, ``os.getenv``, django-environ and environs (``env("X")``), decouple (``config("X")``),
and a project's own function that looks its first argument up in ``os.environ``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Methods of an Env object that need no name, and the one they take then.
_DEFAULT_NAMES = {"db": "DATABASE_URL", "db_url": "DATABASE_URL", "cache": "CACHE_URL", "email_url": "EMAIL_URL"}
_NOT_READS = frozenset({"read_env", "read_envfile", "prefixed", "seal", "parse_value"})
_CASTS = frozenset({"bool", "bytes", "dict", "float", "int", "json", "list", "str", "tuple"})
_PLAIN = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr)
_PERHAPS = (ast.IfExp, ast.BoolOp, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_CAUGHT = frozenset({"Exception", "ImproperlyConfigured", "KeyError", "LookupError"})


@dataclass(frozen=True)
class Variable:
    """An environment variable that code reads. Without it, required code raises; other code goes on with None.

    ``always``: whatever else holds, since no condition, function or ``try`` stands around it.
    """

    name: str
    path: Path
    line: int
    required: bool
    always: bool = False


def reads(tree: ast.Module, path: Path) -> Iterator[Variable]:
    """Every variable that the module reads without a default, in order, each as often as it is read."""
    names = _Names.of(tree)
    excused = _excused(tree)
    always = {id(node) for statement in tree.body if isinstance(statement, _PLAIN) for node in _reached(statement)}
    for node in ast.walk(tree):
        if isinstance(node, ast.expr) and (found := _read(node, names)) is not None:
            name, required = found
            if name not in names.defaults and name not in names.guarded and (id(node), required) not in excused:
                yield Variable(name, path, node.lineno, required, id(node) in always)


@dataclass(frozen=True)
class _Names:
    """What this module calls its readers, and the variables that have a default elsewhere in it."""

    env: frozenset[str]
    config: frozenset[str]
    helpers: frozenset[str]
    defaults: frozenset[str]
    guarded: frozenset[str]

    @classmethod
    def of(cls, tree: ast.Module) -> _Names:
        nodes = list(ast.walk(tree))
        return cls(
            env=frozenset({"env", *_assigned_from(nodes, "Env"), *_assigned_from(nodes, "FileAwareEnv")}),
            config=frozenset({*_imported(nodes, "decouple", "config"), *_assigned_from(nodes, "AutoConfig")}),
            helpers=frozenset(node.name for node in nodes if isinstance(node, ast.FunctionDef) and _looks_up(node)),
            defaults=frozenset(_defaults(nodes)),
            guarded=frozenset(_guarded(nodes)),
        )


def _read(node: ast.expr, names: _Names) -> tuple[str, bool] | None:
    """The variable that this expression reads without a default, and whether it raises without it."""
    match node:
        case ast.Subscript(value=value, slice=ast.Constant(value=str(name)), ctx=ast.Load()) if _is_environ(value):
            return name, True
        case ast.Call(func=function, args=[ast.Constant(value=str(name)), *rest], keywords=keywords):
            if any(keyword.arg == "default" for keyword in keywords):
                return None
            return _called(function, name, rest, names)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=method), args=[], keywords=[]):
            known = _DEFAULT_NAMES.get(method) if owner in names.env else None
            return (known, True) if known else None
    return None


def _called(function: ast.expr, name: str, rest: list[ast.expr], names: _Names) -> tuple[str, bool] | None:
    match function:
        case ast.Attribute(value=value, attr="get") if _is_environ(value):
            return None if rest else (name, False)
        case ast.Attribute(attr="getenv") | ast.Name(id="getenv"):
            return None if rest else (name, False)
        case ast.Name(id=reader) if reader in names.env:
            return None if _has_default(rest) else (name, True)
        case ast.Attribute(value=ast.Name(id=reader), attr=method) if reader in names.env:
            return None if rest or method in _NOT_READS else (name, True)
        case ast.Name(id=reader) if reader in names.config | names.helpers:
            return None if rest else (name, True)
    return None


def _has_default(rest: list[ast.expr]) -> bool:
    """``env(name, cast, default)`` of django-environ, ``env(name, default)`` of environs."""
    is_cast = bool(rest) and isinstance(rest[0], ast.Name) and rest[0].id in _CASTS
    return len(rest) > 1 if is_cast else bool(rest)


def _is_environ(value: ast.expr) -> bool:
    match value:
        case ast.Attribute(value=ast.Name(id="os"), attr="environ") | ast.Name(id="environ"):
            return True
    return False


def _assigned_from(nodes: list[ast.AST], class_name: str) -> Iterator[str]:
    """Names that are assigned ``Env(...)`` or ``environ.Env(...)``."""
    for node in nodes:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id=called)))
                | ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Attribute(attr=called)))
            ) if called == class_name:
                yield name


def _imported(nodes: list[ast.AST], module: str, name: str) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module == module:
            yield from (alias.asname or alias.name for alias in node.names if alias.name == name)


def _defaults(nodes: list[ast.AST]) -> Iterator[str]:
    """``environ.Env(DEBUG=(bool, False))`` gives DEBUG a default; ``os.environ.setdefault`` and assignments too."""
    for node in nodes:
        match node:
            case ast.Call(func=ast.Attribute(attr="Env"), keywords=keywords):
                yield from (word.arg for word in keywords if word.arg and isinstance(word.value, ast.Tuple))
            case ast.Call(
                func=ast.Attribute(value=value, attr="setdefault"), args=[ast.Constant(value=str(name)), _]
            ) if _is_environ(value):
                yield name
            case ast.Subscript(value=value, slice=ast.Constant(value=str(name)), ctx=ast.Store()) if _is_environ(value):
                yield name


def _guarded(nodes: list[ast.AST]) -> Iterator[str]:
    """``if "X" in os.environ``"""
    for node in nodes:
        match node:
            case ast.Compare(left=ast.Constant(value=str(name)), ops=[ast.In() | ast.NotIn()], comparators=[value]) if (
                _is_environ(value)
            ):
                yield name


def _reached(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all in it that is evaluated with it."""
    yield node
    if not isinstance(node, _PERHAPS):
        for inner in ast.iter_child_nodes(node):
            yield from _reached(inner)


def _excused(tree: ast.Module) -> set[tuple[int, bool]]:
    """Reads whose lack the code provides for: ``… or default``, and ``try`` that goes on after a KeyError."""
    excused: set[tuple[int, bool]] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            excused.update((id(inner), False) for value in node.values[:-1] for inner in ast.walk(value))
        elif isinstance(node, ast.Try) and any(_goes_on(handler) for handler in node.handlers):
            excused.update((id(inner), True) for line in node.body for inner in ast.walk(line))
    return excused


def _goes_on(handler: ast.ExceptHandler) -> bool:
    caught = handler.type is None or any(
        name in _CAUGHT
        for inner in ast.walk(handler.type)
        for name in (getattr(inner, "id", None), getattr(inner, "attr", None))
    )
    return caught and not any(isinstance(inner, ast.Raise) for line in handler.body for inner in ast.walk(line))


def _looks_up(function: ast.FunctionDef) -> bool:
    """Whether a function reads the variable that its first argument names, and raises without it."""
    if not function.args.args:
        return False
    first = function.args.args[0].arg
    excused = _excused(ast.Module(body=[function], type_ignores=[]))
    for node in ast.walk(function):
        match node:
            case ast.Subscript(value=value, slice=ast.Name(id=name)) if name == first and _is_environ(value):
                return (id(node), True) not in excused
    return False
