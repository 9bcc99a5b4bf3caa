"""A trace whose process was stopped becomes a finding: where, how long, and for whom it waits."""

from __future__ import annotations

import json
from collections.abc import Mapping

from simulator.errors import TimedOut
from simulator.model import Failure, Phase, Position, Trace
from simulator.postgres.activity import Activity, Session, activity
from simulator.rehearsal.hang import Hung, hung, said
from simulator.rehearsal.trace import read

AT = Position(Phase.OPERATION, "blog.0002_tag", "Raw SQL operation", None, "blog/migrations/0002_tag.py:7", 2.0)


def session(pid: int, query: str, *blockers: int, state: str = "active", **other: object) -> Session:
    facts: dict[str, object] = {"database": "copy", "kind": "client backend", "seconds": 9.0, "lock": ""}
    return Session(pid=pid, query=query, blockers=blockers, state=state, **{**facts, **other})  # type: ignore[arg-type]


def at(*events: Mapping[str, object]) -> Position | None:
    return read("".join(json.dumps({"v": 1, **event}) + "\n" for event in events)).position


def test_it_is_where_it_was_seen_last_for_as_long_as_it_has_been_there() -> None:
    failure = hung(Trace(complete=False, position=AT), 10.0, Activity("SELECT '…'", None)).failure
    assert failure is not None
    assert failure.is_hang
    assert (failure.phase, failure.migration, failure.operation) == (AT.phase, AT.migration, AT.operation)
    assert (failure.sql, failure.seconds, failure.waits_for) == ("SELECT '…'", 8.0, None)
    assert failure.message.endswith("at blog/migrations/0002_tag.py:7")


def test_one_that_was_never_seen_has_not_come_further_than_its_start() -> None:
    failure = hung(Trace(complete=False), 3.0, Activity()).failure
    assert failure is not None
    assert (failure.phase, failure.migration, failure.seconds) == (Phase.SETTINGS, None, 3.0)


def test_a_failure_that_was_told_before_stays_the_first() -> None:
    failure = Failure("X", "m", Phase.SMOKE)
    assert hung(Trace(complete=False, failure=failure), 3.0, Activity()).failure == failure


def test_in_a_sentence() -> None:
    trace = hung(Trace(complete=False, position=AT), 10.0, Activity("UPDATE t", "somebody"))
    assert said(trace.failure) == "blog.0002_tag, Raw SQL operation was still running, for 8.0 s, waiting for somebody"
    assert str(Hung(trace, TimedOut("case: over", ""))).startswith("case: over: blog.0002_tag")


def test_a_migration_that_was_begun_after_the_last_look_is_the_one() -> None:
    seen = {
        "event": "at",
        "phase": "plan",
        "migration": None,
        "operation": None,
        "sql": None,
        "line": None,
        "after": 1.5,
    }
    applying = {"event": "applying", "name": "blog.0002_tag"}
    assert at(seen, applying) == Position(Phase.OPERATION, "blog.0002_tag", after=1.5)
    assert at(applying, {**seen, "phase": "operation", "migration": "blog.0002_tag", "sql": "SELECT 1"}) == Position(
        Phase.OPERATION, "blog.0002_tag", sql="SELECT 1", after=1.5
    )
    assert at() is None


def test_whom_a_session_waits_for() -> None:
    waiting = session(1, "UPDATE t SET name = 'Ann' WHERE id = 7", 2, lock="a lock on t")
    own = session(2, "ALTER TABLE t ADD x int", state="idle in transaction")
    found = activity([own, waiting], ["copy"], {"t", "name", "id", "x"})
    assert found.sql == "UPDATE t SET name = '…' WHERE id = …"
    assert found.waits_for == (
        "another connection of the project's own, idle in its open transaction for 9.0 s "
        "(its last statement: ALTER TABLE t ADD x int); it wants a lock on t"
    )


def test_others_that_a_session_waits_for() -> None:
    vacuum = session(2, "autovacuum: VACUUM t", kind="autovacuum worker")
    assert activity([session(1, "q", 2), vacuum], ["copy"]).waits_for == "the server's own autovacuum worker"
    assert activity([session(1, "q", 0)], ["copy"]).waits_for == "a prepared transaction"
    assert activity([session(1, "q", 3)], ["copy"]).waits_for == "a session that has ended since"
    elsewhere = session(2, "SELECT 1", database="other")
    said_of = activity([session(1, "q", 2), elsewhere], ["copy"]).waits_for
    assert said_of == "a session in another database, which runs for 9.0 s: SELECT …"


def test_one_that_waits_counts_before_one_that_is_busy_and_an_idle_one_not_at_all() -> None:
    known = {"busy", "waiting"}
    busy, waiting = session(1, "busy", seconds=99.0), session(2, "waiting", 1)
    assert activity([busy, waiting], ["copy"], known).sql == "waiting"
    assert activity([busy], ["copy"], known) == Activity("busy", None)
    assert (
        activity([session(1, "q", state="idle in transaction"), session(2, "q", database="x")], ["copy"]) == Activity()
    )
