"""What goes on while a command runs: its statements, the migrations' times, the server's notices."""

from __future__ import annotations

import collections
import contextlib
import re
import time
from typing import Any, Callable, Iterator

from migsim_probe import chain
from migsim_probe.locate import label

BOOKKEEPING = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")

# SQLSTATEs of notices worth a reader's eye: a name cut to 63 bytes; "already exists, skipping".
TRUNCATED, SKIPPED = "42622", "42P07"
CASCADED = "reportDependentObjects"  # the function of PostgreSQL that says what a CASCADE dropped, SQLSTATE 00000
NOTICE_TEXT = re.compile(r"\A\w+:\s+")
# The same by their texts, for psycopg2 tells no more; a project's own RAISE NOTICE has seldom just this shape.
BY_TEXT = re.compile(
    r'\w+(?: \w+)? "[^"\s]+"(?: of relation "[^"\s]+")? already exists, skipping'
    r'|identifier "[^"]+" will be truncated to "[^"]+"'
)


class Statements:
    """An execute wrapper (Django's own hook): counts, and remembers the text of those that failed."""

    def __init__(self, seen: Callable[[str, Any], None]) -> None:
        self.count = 0
        self._seen = seen
        self.refused_by_driver = False  # the last that failed did so on a connection that is still open
        self.any_failed = False
        self._failed: collections.deque[tuple[BaseException, str, str]] = collections.deque(maxlen=100)

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        text = _text(sql, context)
        if not text.lstrip().upper().startswith(BOOKKEEPING):
            self.count += 1
            self._seen(text, params)
        began = time.monotonic()  # noqa: F841 - read off the running frame by position.py
        try:
            return execute(sql, params, many, context)
        except Exception as error:
            self.any_failed = True
            self._failed.append((error, text, context["connection"].alias))
            raw = context["connection"].connection
            self.refused_by_driver = raw is not None and not raw.closed
            raise

    def failed(self, error: BaseException) -> tuple[str | None, str | None]:
        """The statement of the error that has the SQLSTATE, and its alias; without one, the nearest in the chain."""
        driver = chain.driver_error(error)
        for link in chain.links(error):
            for failed, text, alias in self._failed:
                if link is failed and driver in (None, failed, failed.__cause__):
                    return text, alias
        return None, None

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Watch every connection that exists or comes to be on this thread."""
        from django.db import connections

        wrappers = [wrapper for wrapper in map(connections.__getitem__, connections) if _takes_wrappers(wrapper)]
        for wrapper in wrappers:
            wrapper.execute_wrappers.append(self)
        try:
            yield
        finally:
            for wrapper in wrappers:
                with contextlib.suppress(ValueError):
                    wrapper.execute_wrappers.remove(self)


class Migrations:
    """The executor's progress callback: reports when each migration begins and ends."""

    def __init__(
        self, report: Callable[..., None], statements: Statements, applied: Callable[[str], None] | None = None
    ) -> None:
        """``applied`` is called after each that ran a statement."""
        self.ran: list[str] = []
        self._applied = applied
        self._report = report
        self._statements = statements
        self._current: tuple[str, float, int] | None = None

    def progress(self, action: str, migration: Any) -> None:
        if action in ("apply_start", "unapply_start"):
            name = label(migration) or ""
            self.ran.append(name)
            self._report("applying", name=name)
            self._current = (name, time.monotonic(), self._statements.count)
        elif action in ("apply_success", "unapply_success"):
            self.close(finished=True)

    def close(self, finished: bool = False) -> None:
        """Report the migration that runs now; one that an exception ended is not finished."""
        if self._current is None:
            return
        name, started, count = self._current
        self._current = None
        seconds = round(time.monotonic() - started, 4)
        self._report(
            "migration", name=name, seconds=seconds, statements=self._statements.count - count, finished=finished
        )
        if self._applied is not None and finished and self._statements.count > count:
            self._applied(name)

    @contextlib.contextmanager
    def timing(self) -> Iterator[None]:
        """Hear every executor that is made meanwhile, before the command's own callback does."""
        from django.db.migrations.executor import MigrationExecutor

        original = MigrationExecutor.__init__

        def observed(executor: Any, connection: Any, progress_callback: Any = None) -> None:
            def tell(action: str, migration: Any = None, *rest: Any, **options: Any) -> None:
                self.progress(action, migration)
                if progress_callback:
                    progress_callback(action, migration, *rest, **options)

            original(executor, connection, tell)

        MigrationExecutor.__init__ = observed
        try:
            yield
        finally:
            MigrationExecutor.__init__ = original
            self.close()


def listen(report: Callable[[str], None]) -> None:
    """Report the notices worth reading of every connection that Django opens from now on."""
    from django.db.backends.signals import connection_created

    def attach(connection: Any, **_signal: Any) -> None:
        raw = connection.connection
        if hasattr(raw, "add_notice_handler"):
            raw.add_notice_handler(lambda diag: _report_fields(diag, report))
        elif hasattr(raw, "notices"):
            raw.notices = _Texts(report)

    connection_created.connect(attach, weak=False, dispatch_uid="migsim_probe")


class _Texts:
    """Stands in for psycopg2's list of notices, which are bare texts (in C: the sandbox's server speaks English)."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report

    def append(self, text: str) -> None:
        first, *rest = NOTICE_TEXT.sub("", text.strip()).splitlines() or [""]
        if first.startswith("drop cascades to "):
            self._report("; ".join([first, *(NOTICE_TEXT.sub("", line) for line in rest)]))
        elif BY_TEXT.fullmatch(first):
            self._report(first)


def _report_fields(diag: Any, report: Callable[[str], None]) -> None:
    message = diag.message_primary or ""
    if diag.source_function == CASCADED:
        report("; ".join([message, *(diag.message_detail or "").splitlines()]))
    elif diag.sqlstate in (TRUNCATED, SKIPPED) and diag.source_function != "exec_stmt_raise":
        report(message)


def _takes_wrappers(connection: Any) -> bool:
    """Django before 2.0 has no such hook: its statements go uncounted, and errors are named by their message."""
    return hasattr(connection, "execute_wrappers")


def _text(sql: Any, context: Any) -> str:
    if isinstance(sql, bytes):
        return sql.decode("utf-8", "replace")
    if hasattr(sql, "as_string"):  # psycopg's composed SQL
        with contextlib.suppress(Exception):
            return str(sql.as_string(context["connection"].connection))
    return str(sql)
