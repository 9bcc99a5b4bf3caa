"""The names that stand in a source file: identifiers, keys, paths of modules and files; never what a string says."""

from __future__ import annotations

import ast
import functools
import linecache
import re
from typing import Iterator

from migsim_probe.shown import identifiers

LABEL = re.compile(r"[^\W\d]\w*(?:(?:\.|__)\w+)*")  # a name, app.model, field__lookup
# Calls whose strings are names: of apps, models, fields, attributes, modules.
NAMING_CALLS = frozenset(
    [
        *("get_model", "get_app_config", "is_installed", "getattr", "hasattr", "setattr", "delattr", "get_field"),
        *("values", "values_list", "only", "defer", "order_by", "select_related", "prefetch_related", "F", "Prefetch"),
        *("ForeignKey", "OneToOneField", "ManyToManyField", "import_module", "import_string", "__import__"),
    ]
)
# Methods and calls whose first string is a key: of a mapping, or of the environment by the common helpers.
KEY_METHODS = frozenset(["get", "pop", "setdefault", "str", "bool", "int", "float", "list", "dict", "url", "db"])
KEY_CALLS = frozenset(["getenv", "env", "config", "get_env", "env_var", "get_setting", "get_secret"])
NAMING_KEYWORDS = frozenset(
    [
        *("related_name", "related_query_name", "db_table", "db_column", "to", "through", "to_field", "from_fields"),
        *("model_name", "old_name", "new_name", "app_label", "default_related_name", "update_fields", "using"),
    ]
)
MODULE_SETTINGS = frozenset(
    [
        *("INSTALLED_APPS", "MIDDLEWARE", "ROOT_URLCONF", "WSGI_APPLICATION", "ASGI_APPLICATION", "AUTH_USER_MODEL"),
        *("AUTHENTICATION_BACKENDS", "DATABASE_ROUTERS", "MIGRATION_MODULES", "DEFAULT_AUTO_FIELD", "TEST_RUNNER"),
    ]
)
SQL = re.compile(
    r"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER|DROP|TRUNCATE|COMMENT|GRANT|REVOKE|LOCK|COPY|REFRESH|REINDEX"
    r"|VACUUM|ANALYZE|CLUSTER|MERGE)\s",
    re.IGNORECASE,
)
# A file that is named in full, or by an ending that files of a project have.
FILE = re.compile(
    r"(?:/?(?:[\w-]|\.(?!\.\.))[\w.-]*)(?:/[\w.-]+)*\.(?:py|html|txt|json|ya?ml|toml|cfg|ini|env|csv|sql|md|rst|po|mo"
    r"|crt|pem|key|log|sqlite3?|db|xml|gz|zip|js|css|conf|sock|dump|lock|tmpl|j2)|\.env(?:\.\w+)?"
)
LONGEST_NAME = 100


@functools.lru_cache(maxsize=None)
def of_file(path: str) -> frozenset[str]:
    """Nothing where it can't be read as Python; then at least where it is."""
    return of_text("".join(linecache.getlines(path)))


@functools.lru_cache(maxsize=None)
def imports_of_file(path: str) -> frozenset[str]:
    """The modules alone that a file imports, and what of them."""
    tree = _tree("".join(linecache.getlines(path)))
    nodes = ast.walk(tree) if tree is not None else ()
    found = (name for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)) for name in _identifiers(node))
    return _parts(found)


def of_text(text: str) -> frozenset[str]:
    """The names in a text of Python's, with the parts of those that dots join."""
    tree = _tree(text)
    if tree is None:
        return frozenset()
    found: set[str] = set()
    for node in ast.walk(tree):
        found.update(_identifiers(node))
        found.update(_keys(node))
        found.update(_named(node))
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.update(_paths(node.value))
        elif isinstance(node, ast.JoinedStr):
            found.update(_sql("".join(_fixed(part) for part in node.values)))
    return _parts(found)


def _tree(text: str) -> ast.AST | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _parts(names: Iterator[str] | set[str]) -> frozenset[str]:
    every = {part for name in names for part in (name, *re.split(r"[./]", name)) if len(part) <= LONGEST_NAME}
    return frozenset(part for part in every if any(map(str.isalpha, part)))


def _identifiers(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, (ast.arg, ast.keyword)):
        yield node.arg or ""
    elif isinstance(node, ast.alias):
        yield from (node.name, node.asname or "")
    elif isinstance(node, ast.Import):
        for alias in node.names:
            yield from (alias.name, alias.asname or "")
    elif isinstance(node, ast.ImportFrom):
        yield node.module or ""
        for alias in node.names:
            yield from (alias.name, f"{node.module or ''}.{alias.name}")
    elif isinstance(node, (ast.Global, ast.Nonlocal)):
        yield from node.names
    elif isinstance(node, ast.ExceptHandler):
        yield node.name or ""


def _keys(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Dict):
        yield from (text for key in node.keys if key is not None for text in _strings(key))
    elif isinstance(node, ast.Subscript):
        index = node.slice
        yield from _strings(getattr(index, "value", index) if type(index).__name__ == "Index" else index)
    elif isinstance(node, ast.Call) and node.args and _takes_key(node):
        yield from _labels(node.args[0])


def _named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and _called(node) in NAMING_CALLS:
        for argument in node.args:
            yield from _labels(argument)
    elif isinstance(node, ast.keyword) and node.arg in NAMING_KEYWORDS:
        yield from _labels(node.value)
    elif isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if node.value is not None and any(
            isinstance(each, ast.Name) and each.id in MODULE_SETTINGS for each in targets
        ):
            for value in ast.walk(node.value):
                yield from _labels(value)


def _takes_key(node: ast.Call) -> bool:
    return _called(node) in KEY_CALLS or (isinstance(node.func, ast.Attribute) and node.func.attr in KEY_METHODS)


def _called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _strings(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def _labels(node: ast.AST) -> Iterator[str]:
    """The strings of an argument, or of a list of them, that are made as names are."""
    items = node.elts if isinstance(node, (ast.List, ast.Tuple, ast.Set)) else [node]
    for item in items:
        yield from (text for text in _strings(item) if LABEL.fullmatch(text))


def _paths(text: str) -> Iterator[str]:
    if len(text) <= LONGEST_NAME and FILE.fullmatch(text):
        yield text
    yield from _sql(text)


def _sql(text: str) -> Iterator[str]:
    if SQL.match(text):
        yield from identifiers(text)


def _fixed(node: ast.AST) -> str:
    """A constant part of an f-string; a gap in it is no part of a name."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else " "
