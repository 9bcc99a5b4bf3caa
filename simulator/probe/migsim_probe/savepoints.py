"""Savepoints that Django's own bookkeeping does not see, so that what it calls broken is whole again."""

from __future__ import annotations

import contextlib
from typing import Any, Iterator


class Lost(BaseException):
    """The connection is gone, or its transaction past mending. No ``except Exception`` takes it for its own."""


@contextlib.contextmanager
def savepoint(connection: Any, name: str) -> Iterator[None]:
    """In a transaction, what fails in the block is undone and the transaction goes on; the error is raised on.

    Outside of one, a failing statement undoes itself.
    """
    inside = connection.in_atomic_block
    if inside:
        _execute(connection, f"SAVEPOINT {name}")
    try:
        yield
    except BaseException as error:
        if not inside or isinstance(error, Lost):
            raise
        try:
            _execute(connection, f"ROLLBACK TO SAVEPOINT {name}")
        except Exception:
            raise Lost from error
        connection.needs_rollback = False
        raise
    if inside:
        _execute(connection, f"RELEASE SAVEPOINT {name}")


def _execute(connection: Any, sql: str) -> None:
    with connection.connection.cursor() as cursor:
        cursor.execute(sql)
