"""What a person is asked, with a query or a statement that was run: on a clone, in the state that it is read in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

import psycopg

from simulator.baseline.sandbox import Sandbox
from simulator.model import ROWS, VALUES, Fix, Step
from simulator.postgres import database
from simulator.postgres.sql import runs_alone
from simulator.trials import trial
from simulator.wording import count

# For one query; what takes longer is printed without its number of rows.
SECONDS_TO_COUNT = 20


def has_to_run(fix: Fix) -> bool:
    """Whether there is a query or a statement in it that a person is to run."""
    return any(step.query or step.statement for step in fix.steps)


def asked(fix: Fix, sandbox: Sandbox) -> Fix:
    """The fix with each query and statement of a person's steps that runs there, and how many rows a query has.

    One that does not run is left out, and the words stay. Raises TimedOut.
    """
    if not has_to_run(fix):
        return in_words(fix)
    first = next(number for number, step in enumerate(fix.steps) if step.query or step.statement)
    before = [step for step in fix.steps[:first] if not step.person]
    with sandbox.clone() as databases:
        if before:
            trace = sandbox.rehearsals.steps(sandbox.code, databases, before)
            if trial.failure_of(trace) is not None or len(trace.steps) < len(before):
                return in_words(fix)
        with database.connect(sandbox.address(databases)) as connection:
            return replace(fix, steps=tuple(_run(step, connection) for step in fix.steps))


def in_words(fix: Fix) -> Fix:
    """The same without anything that was not run."""
    return replace(fix, steps=tuple(_told(replace(step, query="", statement=""), None) for step in fix.steps))


def _run(step: Step, connection: database.Connection) -> Step:
    if not step.person:
        return step
    found = _rows(connection, step.query) if step.query else None
    # A query that finds none is none of what the migration met: that comes to be on the way there.
    query = step.query if found != 0 and step.query and _is_sound(connection, step.query) else ""
    statement = step.statement if step.statement and _runs(connection, step.statement) else ""
    return _told(replace(step, query=query, statement=statement), found or None)


def _told(step: Step, rows: int | None) -> Step:
    """With the number in its words."""
    known = rows is not None
    person = step.person.replace(ROWS, count(rows or 0, "row") if known else "the rows")
    values = f"{count(rows or 0, 'value')}, as the query shows" if known else "which are not there yet, or not counted"
    return replace(step, person=person.replace(VALUES, values))


def _is_sound(connection: database.Connection, query: str) -> bool:
    return _tried(connection, [f"EXPLAIN (COSTS off) {query}"])


def _runs(connection: database.Connection, statement: str) -> bool:
    """In a transaction that is rolled back; what PostgreSQL refuses in one, outside: the clone is thrown away."""
    if runs_alone(statement):
        with contextlib.suppress(psycopg.Error):
            connection.execute(statement.encode())
            return True
        return False
    return _tried(connection, [statement])


def _rows(connection: database.Connection, query: str) -> int | None:
    """How many; None where the query does not run, or takes its time."""
    with contextlib.suppress(psycopg.Error), _rolled_back(connection):
        connection.execute(f"SET LOCAL statement_timeout = '{SECONDS_TO_COUNT}s'".encode())
        row = connection.execute(f"SELECT count(*) FROM ({query}) rows".encode()).fetchone()
        return int(row[0]) if row else None
    return None


def _tried(connection: database.Connection, statements: Sequence[str]) -> bool:
    with contextlib.suppress(psycopg.Error), _rolled_back(connection):
        for statement in statements:
            connection.execute(statement.encode())
        return True
    return False


@contextlib.contextmanager
def _rolled_back(connection: database.Connection) -> Iterator[None]:
    with connection.transaction(force_rollback=True):
        yield
