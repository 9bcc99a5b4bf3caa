"""Run what migrations do besides the schema once more, to see whether that changes anything.

Each with the models of its own place in the graph, as migrate would run it. Django's own operations on the schema are
not run: they would meet what stands there.
"""

from __future__ import annotations

import contextlib
from typing import Any, Callable

from migsim_probe import databases, files, snapshots
from migsim_probe.watch import Statements

# The first number that no finished transaction has. One that only reads is given none, and neither is one that locks
# nothing, so a number that stays says that nothing was written anywhere in the cluster, not even to be rolled back.
NEXT = "SELECT txid_snapshot_xmax(txid_current_snapshot())"


def run(names: list[str], alias: str, report: Callable[..., None]) -> None:
    """Tell of each migration whether its code ended without an error, and whether it wrote anything."""
    for name in names:
        before = _next(alias)
        failed = _fails(name, alias)
        databases.forget_connections()
        report("idle", name=name, failed=failed, wrote=_next(alias) != before)


def _fails(name: str, alias: str) -> bool:
    """An error that the code itself caught is one, too: it was at odds with the database that it met."""
    statements = Statements(lambda _sql, _parameters: None)
    with statements.watching():
        try:
            _run_code(name, alias)
        except (Exception, SystemExit):
            return True
    return statements.any_failed


def _run_code(name: str, alias: str) -> None:
    from django.db import connections
    from django.db.migrations.loader import MigrationLoader

    connection = connections[alias]
    loader = MigrationLoader(connection)
    app, _dot, own = name.partition(".")
    state = loader.project_state((app, own), at_end=False)
    migration = loader.graph.nodes[app, own]
    with connection.schema_editor(atomic=migration.atomic) as editor:
        for operation in migration.operations:
            before = state.clone()
            operation.state_forwards(app, state)
            if files.runs_code(operation):
                _forwards(operation, app, editor, before, state)


def _forwards(operation: Any, app: str, editor: Any, before: Any, after: Any) -> None:
    from django.db.transaction import atomic

    if files.is_composed(operation):
        _each_forwards(operation, app, editor, before)
        return
    with contextlib.ExitStack() as stack:
        if not editor.atomic_migration and operation.atomic:
            stack.enter_context(atomic(editor.connection.alias))
        operation.database_forwards(app, editor, before, after)


def _each_forwards(operation: Any, app: str, editor: Any, before: Any) -> None:
    """As SeparateDatabaseAndState runs its database_operations, each on the state that the one before has left."""
    for each in operation.database_operations:
        after = before.clone()
        each.state_forwards(app, after)
        if files.runs_code(each):
            _forwards(each, app, editor, before, after)
        before = after


def _next(alias: str) -> int:
    raw = snapshots.connect(alias)
    try:
        with raw.cursor() as cursor:
            cursor.execute(NEXT)
            (number,) = cursor.fetchone()
    finally:
        raw.close()
    return int(number)
