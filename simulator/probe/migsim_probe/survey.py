"""The project's own migrate, carried on past every error: what it meets is told, and what it can still do is done.

Here Django is patched, as mode ``migrate`` never does: that one decides, this one only looks further. Each statement
of the schema editor runs in a savepoint of its own, each operation in another around it, so that what fails is undone
alone and the transaction stays usable. Code of the project's (RunPython) is left to itself, and contained as a whole.
"""

from __future__ import annotations

import contextlib
import functools
from typing import Any, Callable, Iterator

from migsim_probe import chain, names, tenants
from migsim_probe.locate import Place, describe_operation, label
from migsim_probe.savepoints import Lost, savepoint

CHANGES_ROWS = ("INSERT", "UPDATE", "DELETE", "MERGE", "WITH")
UNIQUE_VIOLATION = "23505"
# Of one app's tables; a receiver that goes on failing is left alone then.
MOST_SEQUENCES = 3
# The columns of a table that number themselves: sequence, table and column as SQL has them.
BEHIND = """
    SELECT pg_get_serial_sequence(format('%%I.%%I', n.nspname, c.relname), a.attname),
        format('%%I.%%I', n.nspname, c.relname), quote_ident(a.attname)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = %(table)s AND n.nspname = %(schema)s AND a.attnum > 0 AND NOT a.attisdropped
      AND pg_get_serial_sequence(format('%%I.%%I', n.nspname, c.relname), a.attname) IS NOT NULL"""

Met = Callable[[BaseException, Place, "int | None"], None]


class Survey:
    """``met(error, place, operation_index)`` hears every error; ``report`` writes the other events."""

    def __init__(self, met: Met, report: Callable[..., None], readable: Callable[[str], str | None]) -> None:
        self._met = met
        self._report = report
        self._readable = readable  # SQL as it may be told, or None
        self._place = Place("plan")
        self._index: int | None = None
        self._in_code = 0  # inside of a RunPython
        self._in_run_sql = 0
        self._rows = 0

    @contextlib.contextmanager
    def going_on(self) -> Iterator[None]:
        """Until the block ends, migrate stops at nothing that it can go on after."""
        from django.core.management.base import BaseCommand
        from django.db.migrations.executor import MigrationExecutor
        from django.db.migrations.loader import MigrationLoader
        from django.db.migrations.migration import Migration
        from django.db.migrations.operations import RunPython, RunSQL
        from django.db.migrations.recorder import MigrationRecorder
        from django.db.models import signals

        with contextlib.ExitStack() as stack:
            for owner, name, replacement in (
                (Migration, "apply", self._apply),
                (RunPython, "database_forwards", self._run_code),
                (RunSQL, "database_forwards", self._run_sql),
                (MigrationRecorder, "ensure_schema", self._ensure_history),
                (MigrationExecutor, "record_migration", self._record),
                (MigrationExecutor, "check_replacements", self._record),
                (MigrationLoader, "check_consistent_history", self._check_history),
                (MigrationLoader, "detect_conflicts", self._conflicts),
                (BaseCommand, "check", self._check),
            ):
                stack.enter_context(_replaced(owner, name, replacement))
            for signal, phase in ((signals.pre_migrate, "pre_migrate"), (signals.post_migrate, "post_migrate")):
                stack.enter_context(_replaced_send(signal, functools.partial(self._send, phase)))
            yield

    # --- one migration ----------------------------------------------------------------------------

    def _apply(self, _original: Any, migration: Any, state: Any, editor: Any, collect_sql: bool = False) -> Any:
        connection = editor.connection
        execute = editor.execute
        editor.execute = lambda sql, *rest, **options: self._execute(editor, execute, sql, rest, options)
        queued: dict[int, int] = {}
        for index, operation in enumerate(migration.operations):
            self._at("operation", migration, operation, index)
            before = state.clone()
            with self._contained(connection):
                operation.state_forwards(migration.app_label, state)
                self._forwards(migration, operation, editor, before, state)
            for statement in editor.deferred_sql:
                queued.setdefault(id(statement), index)
        deferred, editor.deferred_sql = list(editor.deferred_sql), []
        for statement in deferred:
            index = queued.get(id(statement), 0)
            self._at("deferred", migration, migration.operations[index], index)
            self._execute(editor, execute, statement, _without_parameters(), {})
        self._place = Place("record", label(migration))
        self._index = None
        return state

    def _forwards(self, migration: Any, operation: Any, editor: Any, before: Any, state: Any) -> None:
        """As Migration.apply does it."""
        from django.db.transaction import atomic

        own = not type(operation).__module__.startswith("django.")
        in_transaction = operation.atomic or (migration.atomic and operation.atomic is not False)
        self._rows = 0
        with contextlib.ExitStack() as stack:
            if not editor.atomic_migration and in_transaction:
                stack.enter_context(atomic(editor.connection.alias))
            if own:
                stack.enter_context(self._counting_rows(editor.connection))
            operation.database_forwards(migration.app_label, editor, before, state)
        if own:
            self._report_code()

    def _at(self, phase: str, migration: Any, operation: Any, index: int) -> None:
        self._place = Place(phase, label(migration), describe_operation(operation))
        self._index = index

    @contextlib.contextmanager
    def _contained(self, connection: Any) -> Iterator[None]:
        """What fails in the block is told and undone."""
        try:
            with savepoint(connection, "migsim_operation"):
                yield
        except Lost:
            raise
        except (Exception, SystemExit) as error:
            self._tell(error)

    def _tell(self, error: BaseException, **changes: Any) -> None:
        self._met(error, self._place._replace(inside=error.__traceback__, **changes), self._index)

    # --- statements -------------------------------------------------------------------------------

    def _execute(self, editor: Any, execute: Any, sql: Any, rest: Any, options: Any) -> Any:
        if self._in_code or editor.collect_sql:
            return execute(sql, *rest, **options)
        error = self._try(editor, execute, sql, rest, options)
        if error is None:
            return None
        parts = names.statements(str(sql)) if self._in_run_sql else []
        if len(parts) < 2 or (rest and rest[0]) or options.get("params"):
            self._tell(error, sql=str(sql))
            return None
        for part in parts:
            error = self._try(editor, execute, part, (), {"params": None})
            if error is not None:
                self._tell(error, sql=part)
        return None

    def _try(self, editor: Any, execute: Any, sql: Any, rest: Any, options: Any) -> Exception | None:
        try:
            with savepoint(editor.connection, "migsim_statement"):
                execute(sql, *rest, **options)
        except Lost:
            raise
        except Exception as error:
            return error
        text = _merged(editor, sql, rest[0] if rest else options.get("params"))
        told = self._readable(text) if text else None
        if told is not None:
            self._report(
                "ran",
                migration=self._place.migration,
                operation_index=self._index,
                sql=told,
                deferred=self._place.phase == "deferred",
                run_sql=bool(self._in_run_sql),
            )
        return None

    def _run_sql(self, original: Any, operation: Any, *arguments: Any, **options: Any) -> Any:
        self._in_run_sql += 1
        try:
            return original(operation, *arguments, **options)
        finally:
            self._in_run_sql -= 1

    # --- the project's code -----------------------------------------------------------------------

    def _run_code(self, original: Any, operation: Any, app: str, editor: Any, *states: Any) -> Any:
        self._in_code += 1
        self._rows = 0
        try:
            with self._counting_rows(editor.connection):
                return original(operation, app, editor, *states)
        finally:
            self._in_code -= 1
            self._report_code()

    @contextlib.contextmanager
    def _counting_rows(self, connection: Any) -> Iterator[None]:
        def count(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
            result = execute(sql, params, many, context)
            if str(sql).lstrip().upper().startswith(CHANGES_ROWS):
                self._rows += max(0, context["cursor"].rowcount)
            return result

        with connection.execute_wrapper(count):
            yield

    def _report_code(self) -> None:
        self._report("code_run", migration=self._place.migration, operation_index=self._index, rows_changed=self._rows)

    # --- around the migrations --------------------------------------------------------------------

    def _record(self, original: Any, executor: Any, *arguments: Any, **options: Any) -> Any:
        """A row that can't be written is told; the migration goes on as applied, and keeps what it did."""
        place = self._place if self._place.phase == "record" else Place("record")
        try:
            with savepoint(executor.connection, "migsim_record"):
                return original(executor, *arguments, **options)
        except Lost:
            raise
        except Exception as error:
            self._met(error, place._replace(inside=error.__traceback__), None)
        finally:
            self._place = Place("plan")

    def _ensure_history(self, original: Any, recorder: Any) -> None:
        """A tenant whose schema is gone has no place for a history; those after it are looked at all the same."""
        try:
            original(recorder)
        except Exception as error:
            if tenants.working_schema(recorder.connection.alias) is None:
                raise
            self._met(error, Place("record", inside=error.__traceback__), None)

    def _check_history(self, original: Any, loader: Any, connection: Any) -> None:
        from django.db.migrations.exceptions import InconsistentMigrationHistory

        try:
            original(loader, connection)
        except InconsistentMigrationHistory as error:
            self._met(error, Place("plan", inside=error.__traceback__), None)

    def _conflicts(self, original: Any, loader: Any) -> dict[str, Any]:
        """Told as migrate itself does (django/core/management/commands/migrate.py); then there are none."""
        from django.core.management import CommandError

        conflicts = original(loader)
        if conflicts:
            said = "; ".join("{} in {}".format(", ".join(sorted(found)), app) for app, found in conflicts.items())
            message = f"Conflicting migrations detected; multiple leaf nodes in the migration graph: ({said})."
            self._met(CommandError(message), Place("plan"), None)
        return {}

    def _send(self, phase: str, signal: Any, sender: Any, named: dict[str, Any]) -> list[Any]:
        """Every receiver hears the signal, whatever another did; and again where only a sequence was in its way."""
        answers = list(signal.send_robust(sender=sender, **named))
        for receiver, answer in answers:
            for _sequence in range(MOST_SEQUENCES):
                if not isinstance(answer, Exception):
                    break
                self._met(answer, Place(phase, inside=answer.__traceback__), None)
                if not _numbered_on(answer, named.get("using")):
                    break
                try:
                    answer = receiver(signal=signal, sender=sender, **named)
                except Exception as error:
                    answer = error
        return answers

    def _check(self, original: Any, command: Any, *arguments: Any, **options: Any) -> Any:
        from django.core.management.base import SystemCheckError

        try:
            return original(command, *arguments, **options)
        except SystemCheckError as error:
            self._met(error, Place("check", inside=error.__traceback__), None)


@contextlib.contextmanager
def _replaced(owner: Any, name: str, replacement: Callable[..., Any]) -> Iterator[None]:
    """``owner.name`` calls ``replacement(original, self, ...)``."""
    original = getattr(owner, name)

    def method(instance: Any, *arguments: Any, **options: Any) -> Any:
        return replacement(original, instance, *arguments, **options)

    had = name in vars(owner)
    setattr(owner, name, method)
    try:
        yield
    finally:
        if had:
            setattr(owner, name, original)
        else:
            delattr(owner, name)


@contextlib.contextmanager
def _replaced_send(signal: Any, send: Callable[[Any, Any, dict[str, Any]], Any]) -> Iterator[None]:
    signal.send = lambda sender, **named: send(signal, sender, named)
    try:
        yield
    finally:
        del signal.send


def _numbered_on(error: BaseException, alias: str | None) -> bool:
    """Where a sequence gave a number in use, have it go on after the highest; whether there was one to set."""
    from django.db import connections

    driver = chain.driver_error(error)
    diag = getattr(driver, "diag", None)
    if driver is None or diag is None or alias is None:
        return False
    if chain.sqlstate(driver) != UNIQUE_VIOLATION or not diag.table_name:
        return False
    place = {"table": diag.table_name, "schema": diag.schema_name}
    with contextlib.suppress(Exception), connections[alias].cursor() as cursor:
        cursor.execute(BEHIND, place)
        for sequence, table, column in cursor.fetchall():
            cursor.execute(f"SELECT setval(%s, (SELECT max({column}) FROM {table}))", [sequence])
            return True
    return False


def _without_parameters() -> tuple[Any, ...]:
    """What the schema editor's own end gives with a deferred statement."""
    import django

    return (None,) if django.VERSION >= (4, 2) else ()


def _merged(editor: Any, sql: Any, params: Any) -> str | None:
    """The statement with its parameters in it."""
    if not params:
        return str(sql)
    try:
        compose = getattr(editor.connection.ops, "compose_sql", None)
        if compose is not None:
            return str(compose(str(sql), params))
        return str(sql) % tuple(map(editor.quote_value, params))
    except Exception:
        return None
