"""Every migration on disk: its place in the graph, and what its operations are about."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any, Iterator

from migsim_probe.run_sql import does_nothing, split, texts_of

OWN_CODE = ("RunPython", "RunSQL")


def events(loader: Any) -> Iterator[dict[str, Any]]:
    """One for each, those of the graph in its order."""
    told = _operations(loader)
    for key, migration in sorted(loader.disk_migrations.items()):
        yield {
            "name": _name(key),
            "parents": [_name(parent) for parent in _parents(loader, key, migration)],
            "named": [_name(parent) for parent in migration.dependencies if not parent[1].startswith("__")],
            "replaces": [_name(replaced) for replaced in migration.replaces],
            "atomic": bool(migration.atomic),
            "initial": _is_initial(migration),
            "path": _path(migration),
            "operations": told.get(key) or [_operation(each, key[0], None) for each in migration.operations],
        }


def loader(connection: Any) -> Any:
    """As migrate would build it; where rows of the history make that impossible, from the files alone; else None."""
    from django.db.migrations.loader import MigrationLoader

    for place in (connection, None):
        try:
            return MigrationLoader(place)
        except Exception:
            continue
    return None


def _operations(loader: Any) -> dict[Any, list[dict[str, Any]]]:
    """Of the graph's migrations, with the tables as they are after each operation."""
    from django.db.migrations.state import ProjectState

    state: Any = ProjectState()
    told: dict[Any, list[dict[str, Any]]] = {}
    for key in _in_order(loader.graph):
        migration = loader.graph.nodes[key]
        told[key] = []
        for operation in migration.operations if migration is not None else ():
            with contextlib.suppress(Exception):  # the code is at fault; migrate says so
                operation.state_forwards(key[0], state)
            told[key].append(_operation(operation, key[0], state))
    return told


def _in_order(graph: Any) -> list[Any]:
    found: dict[Any, None] = {}
    for leaf in graph.leaf_nodes():
        try:
            found.update(dict.fromkeys(graph.forwards_plan(leaf)))
        except Exception:
            continue
    return list(found)


def _operation(operation: Any, app: str, state: Any) -> dict[str, Any]:
    model = _model(operation, app)
    return {
        "kind": type(operation).__name__,
        "text": _describe(operation),
        "runs_code": runs_code(operation),
        "model": None if model is None else _name(model),
        "table": _table(operation, model, state),
        "sql": _sql(operation),
    }


def _model(operation: Any, app: str) -> Any:
    """Of a rename, the new name: it is told of the state after it."""
    kind = type(operation).__name__
    name = getattr(operation, "model_name", None)
    if (name is None and kind in ("CreateModel", "DeleteModel")) or kind.startswith("AlterModel"):
        name = name or operation.name
    if kind == "RenameModel":
        name = operation.new_name
    if kind in ("AlterUniqueTogether", "AlterIndexTogether", "AlterOrderWithRespectTo"):
        name = operation.name
    return (app, str(name).lower()) if name else None


def _table(operation: Any, model: Any, state: Any) -> str | None:
    try:
        options = state.models[model].options
    except Exception:
        return None
    table = str(options.get("db_table") or "{}_{}".format(*model))
    field = getattr(operation, "field", None)
    if type(operation).__name__ == "AddField" and getattr(field, "many_to_many", False):
        return str(getattr(field, "db_table", None) or f"{table}_{operation.name}")
    return table


def is_composed(operation: Any) -> bool:
    """Whether it is a SeparateDatabaseAndState, whose database_operations are what runs."""
    return type(operation).__name__ == "SeparateDatabaseAndState"


def runs_code(operation: Any) -> bool:
    """Whether it does something besides the schema."""
    if not type(operation).__module__.startswith("django."):
        return True
    if is_composed(operation):
        return any(runs_code(each) for each in operation.database_operations)
    return type(operation).__name__ in OWN_CODE and not does_nothing(operation)


def _sql(operation: Any) -> list[str] | None:
    """The statements of RunSQL, where all that an operation does besides the schema is such, without parameters."""
    if not type(operation).__module__.startswith("django."):
        return None
    if is_composed(operation):
        found = [_sql(each) for each in operation.database_operations if runs_code(each)]
        known = [texts for texts in found if texts is not None]
        return [text for texts in known for text in texts] if len(known) == len(found) else None
    if type(operation).__name__ != "RunSQL":
        return None
    texts = texts_of(operation)
    return None if texts is None else [text for each in texts for text in split(each)]


def _describe(operation: Any) -> str:
    try:
        return str(operation.describe())
    except Exception:  # a project's own operation may not be able to
        return type(operation).__name__


def _parents(loader: Any, key: Any, migration: Any) -> list[Any]:
    node = loader.graph.node_map.get(key)
    if node is not None:
        return sorted(parent.key for parent in node.parents)
    return sorted(parent for parent in migration.dependencies if parent[1] not in ("__first__", "__latest__"))


def _is_initial(migration: Any) -> bool:
    """As the executor's detect_soft_applied decides it."""
    if migration.initial is not None:
        return bool(migration.initial)
    return all(app != migration.app_label for app, _name in migration.dependencies)


def _path(migration: Any) -> str:
    """Relative to manage.py's folder, which is where the probe runs."""
    path = getattr(sys.modules.get(type(migration).__module__), "__file__", None) or ""
    relative = os.path.relpath(path) if path else ""
    return path if relative.startswith(os.pardir) else relative


def _name(key: Any) -> str:
    return "{}.{}".format(*key)
