"""What the source of a migration says, without running it: its operations, and the names of what they make."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

# Names that a RunSQL gives to something; what else it says is nobody's guess.
_SQL_MAKES = re.compile(
    r"""\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:UNIQUE\s+|MATERIALIZED\s+|TEMP(?:ORARY)?\s+|UNLOGGED\s+)*
        (?:TABLE|INDEX|VIEW|SEQUENCE|TYPE|SCHEMA|EXTENSION|FUNCTION|TRIGGER)\s+
        (?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?(?:"?\w+"?\.)?"?(?P<name>\w+)"?""",
    re.IGNORECASE | re.VERBOSE,
)
_SQL_ADDS = re.compile(
    r"""\bALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?:"?\w+"?\.)?"?(?P<table>\w+)"?\s+
        ADD\s+(?P<what>CONSTRAINT|COLUMN)?\s*(?:IF\s+NOT\s+EXISTS\s+)?"?(?P<name>\w+)"?""",
    re.IGNORECASE | re.VERBOSE,
)
_POINTS = ("ForeignKey", "OneToOneField")


@lru_cache(maxsize=2_000)
def operations(text: str) -> tuple[str, ...] | None:
    """Each operation, written the same however it was laid out; None where the source has no list of them."""
    listed = _read(text)  # not the shared one, since it is rewritten here
    return None if listed is None else tuple(ast.dump(_Sorted().visit(each)) for each in listed)


def same(one: str | None, other: str | None) -> bool:
    """Whether both have the same operations, and any."""
    first, second = _known(one), _known(other)
    return bool(first) and first == second


def contains(whole: str | None, part: str | None) -> bool:
    """Whether every operation of ``part`` is one of ``whole``, and ``part`` has any."""
    inside = _known(part)
    return bool(inside) and set(inside) <= set(_known(whole))


def changed(then: str | None, now: str | None) -> bool:
    """Whether both can be read and their operations differ."""
    if then is None or now is None:
        return False
    first, second = operations(then), operations(now)
    return first is not None and second is not None and first != second


def made(text: str | None, app: str, tables: Mapping[str, str] | None = None) -> frozenset[str]:
    """Names that its operations make: "table", "table.column", an index's or a constraint's own name.

    ``tables``: of models ("app.model") whose table has another name than Django's default.
    """
    return frozenset(_Names(app, dict(tables or {})).of(_listed(text or "")))


def models(text: str | None) -> frozenset[tuple[str, frozenset[str]]]:
    """The models that it creates, each with the names of its fields."""
    created = [each for each in _listed(text or "") if called(each) == "CreateModel"]
    return frozenset(
        (text_of(each, "name", 0).lower(), frozenset(name for name, _ in _fields(each))) for each in created
    )


def imported_models(text: str | None) -> tuple[str, ...]:
    """Its imports of a project's models, as one would write them: "from blog.models import Post"."""
    try:
        module = ast.parse(text or "")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return tuple(ast.unparse(node) for node in ast.walk(module) if _imports_models(node))


def models_asked_for(text: str | None) -> frozenset[str]:
    """The models that its code gets from the migration's own state, as "app.model" in lower case."""
    try:
        module = ast.parse(text or "")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    calls = (node for node in ast.walk(module) if isinstance(node, ast.Call) and called(node) == "get_model")
    labels = ((text_of(call, "app_label", 0), text_of(call, "model_name", 1)) for call in calls)
    found = (app if "." in app else f"{app}.{model}" for app, model in labels)
    return frozenset(label.lower() for label in found if not label.startswith(".") and not label.endswith("."))


def _imports_models(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        if module.partition(".")[0] in ("django", "__future__"):
            return False
        return "models" in module.split(".") or any(name.name == "models" for name in node.names)
    return isinstance(node, ast.Import) and any(name.name.endswith(".models") for name in node.names)


def _known(text: str | None) -> tuple[str, ...]:
    return (operations(text) or ()) if text else ()


class _Sorted(ast.NodeTransformer):
    """Keyword arguments in one order; ``migrations.AddField`` and ``AddField`` are one."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        node.keywords.sort(key=lambda each: each.arg or "")
        if isinstance(node.func, ast.Attribute):
            node.func = ast.Name(node.func.attr, ast.Load())
        return node


@lru_cache(maxsize=2_000)
def _listed(text: str) -> tuple[ast.expr, ...]:
    return _read(text) or ()


def _read(text: str) -> tuple[ast.expr, ...] | None:
    """The ``operations`` of the class Migration, as they stand there."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for node in module.body:
        if isinstance(node, ast.ClassDef) and node.name == "Migration":
            for statement in node.body:
                value = _assigned(statement)
                if isinstance(value, (ast.List, ast.Tuple)):
                    return tuple(value.elts)
    return None


def _assigned(statement: ast.stmt) -> ast.expr | None:
    value: ast.expr | None
    if isinstance(statement, ast.Assign):
        targets, value = statement.targets, statement.value
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
        value = statement.value
    else:
        return None
    named = any(isinstance(target, ast.Name) and target.id == "operations" for target in targets)
    return value if named else None


class _Names:
    """Walks operations in order; a table that was renamed on the way has its new name from then on."""

    def __init__(self, app: str, tables: dict[str, str]) -> None:
        self.app = app
        self.tables = tables

    def of(self, listed: Iterable[ast.expr]) -> Iterator[str]:
        for each in listed:
            kind = called(each)
            if kind == "SeparateDatabaseAndState":
                inner = argument(each, "database_operations", 0)
                yield from self.of(inner.elts if isinstance(inner, (ast.List, ast.Tuple)) else [])
            elif kind == "CreateModel":
                yield from self._model(each)
            elif kind == "AddField":
                yield from self._field(self._table(text_of(each, "model_name", 0)), argument(each, "field", 2), each)
            elif kind == "RenameModel":
                yield self._table(text_of(each, "new_name", 1))
            elif kind == "AlterModelTable":
                yield from filter(None, [text_of(each, "table", 1)])
            elif kind == "RenameField":
                yield f"{self._table(text_of(each, 'model_name', 0))}.{text_of(each, 'new_name', 2)}"
            elif kind == "RenameIndex":
                yield text_of(each, "new_name", 1)
            elif kind in ("AddIndex", "AddIndexConcurrently", "AddConstraint", "AddConstraintNotValid"):
                inner = argument(each, "index" if "Index" in kind else "constraint", 1)
                yield from filter(None, [text_of(inner, "name", -1)])
            elif kind == "RunSQL":
                yield from _sql_names(each)

    def _model(self, operation: ast.expr) -> Iterator[str]:
        name = text_of(operation, "name", 0)
        options = argument(operation, "options", 2)
        table = option(options, "db_table") or self._table(name)
        self.tables[f"{self.app}.{name.lower()}"] = table
        yield table
        for field, value in _fields(operation):
            yield from _columns(table, field, value)

    def _field(self, table: str, field: ast.expr | None, operation: ast.expr) -> Iterator[str]:
        yield from _columns(table, text_of(operation, "name", 1), field)

    def _table(self, model: str) -> str:
        return self.tables.get(f"{self.app}.{model.lower()}", f"{self.app}_{model.lower()}")


def _columns(table: str, field: str, value: ast.expr | None) -> Iterator[str]:
    kind = called(value)
    if kind == "ManyToManyField":
        yield text_of(value, "db_table", -1) or f"{table}_{field}"
    else:
        column = text_of(value, "db_column", -1)
        yield f"{table}.{column or (f'{field}_id' if kind in _POINTS else field)}"


def _sql_names(operation: ast.expr) -> Iterator[str]:
    for node in ast.walk(operation):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (found["name"] for found in _SQL_MAKES.finditer(node.value))
            for found in _SQL_ADDS.finditer(node.value):
                constraint = (found["what"] or "").upper() == "CONSTRAINT"
                yield found["name"] if constraint else f"{found['table']}.{found['name']}"


def _fields(operation: ast.expr) -> list[tuple[str, ast.expr]]:
    listed = argument(operation, "fields", 1)
    pairs = listed.elts if isinstance(listed, (ast.List, ast.Tuple)) else []
    return [
        (pair.elts[0].value, pair.elts[1])
        for pair in pairs
        if isinstance(pair, ast.Tuple)
        and len(pair.elts) == 2
        and isinstance(pair.elts[0], ast.Constant)
        and isinstance(pair.elts[0].value, str)
    ]


def called(node: ast.expr | None) -> str:
    """The name that is called: models.CharField(...) is a CharField."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def argument(node: ast.expr | None, name: str, place: int) -> ast.expr | None:
    """By keyword, else by position (-1: it has none)."""
    if not isinstance(node, ast.Call):
        return None
    for keyword in node.keywords:
        if keyword.arg == name:
            return keyword.value
    return node.args[place] if 0 <= place < len(node.args) else None


def text_of(node: ast.expr | None, name: str, place: int) -> str:
    value = argument(node, name, place)
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


def option(options: ast.expr | None, name: str) -> str:
    if isinstance(options, ast.Dict):
        for key, value in zip(options.keys, options.values, strict=True):
            named = isinstance(key, ast.Constant) and key.value == name
            if named and isinstance(value, ast.Constant) and isinstance(value.value, str):
                return value.value
    return ""
