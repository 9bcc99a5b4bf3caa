"""What the sessions in a database are doing, and for whom one of them waits; in words, without a value of any row."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from simulator.postgres import messages
from simulator.postgres.database import APPLICATION, Connection
from simulator.wording import duration, listed, shorten

# Of every session (PostgreSQL manual, sections 28.2.3 and 9.26.2); a lock that is waited for is not granted (54.12).
_SESSIONS = """
    SELECT a.pid, coalesce(a.datname, ''), coalesce(a.state, ''), coalesce(a.query, ''), a.backend_type,
        coalesce(extract(epoch FROM clock_timestamp() - a.state_change), 0)::float8,
        pg_blocking_pids(a.pid), coalesce(w.lock, '')
    FROM pg_stat_activity a
    LEFT JOIN LATERAL (
        SELECT CASE WHEN l.locktype = 'advisory' THEN 'an advisory lock'
            WHEN l.locktype IN ('transactionid', 'virtualxid') THEN 'its transaction to end'
            WHEN c.relname IS NOT NULL THEN concat('a lock on ', c.relname)
            ELSE concat('a lock on ', l.locktype) END AS lock
        FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation
        WHERE l.pid = a.pid AND NOT l.granted LIMIT 1) w ON true
    WHERE a.pid <> pg_backend_pid() AND a.application_name <> %s"""
_CLIENT = "client backend"
_PREPARED = 0  # how pg_blocking_pids names a prepared transaction
MOST_BLOCKERS = 3


class Session(NamedTuple):
    """One row of pg_stat_activity. ``seconds``: how long it has been in that state. ``lock``: what it waits for."""

    pid: int
    database: str
    state: str
    query: str
    kind: str
    seconds: float
    blockers: Sequence[int]
    lock: str


class Activity(NamedTuple):
    """Of the session that is stuck, else busy for the longest: its statement, and whom it waits for (None: nobody)."""

    sql: str | None = None
    waits_for: str | None = None


def sessions(connection: Connection) -> list[Session]:
    """All but migsim's own. A lock's relation has its name where it is in the database that is connected to."""
    return [Session(*row) for row in connection.execute(_SESSIONS, (APPLICATION,))]


def activity(found: Iterable[Session], databases: Iterable[str], known: Container[str] = ()) -> Activity:
    """What the project does in those databases, which nobody else uses. Of statements, ``known`` names are shown."""
    found = [one._replace(query=messages.statement(one.query, known)) for one in found]
    by_pid, names = {one.pid: one for one in found}, set(databases)
    own = [one for one in by_pid.values() if one.database in names and one.kind == _CLIENT and one.state == "active"]
    own.sort(key=lambda one: (not one.blockers, -one.seconds))
    if not own:
        return Activity()
    stuck = own[0]
    return Activity(stuck.query, _waits_for(stuck, by_pid, names) if stuck.blockers else None)


def _waits_for(stuck: Session, by_pid: Mapping[int, Session], names: set[str]) -> str:
    whom = dict.fromkeys(_whom(pid, by_pid, names) for pid in stuck.blockers)
    return f"{listed(whom, most=MOST_BLOCKERS)}; it wants {stuck.lock}" if stuck.lock else listed(whom)


def _whom(pid: int, by_pid: Mapping[int, Session], names: set[str]) -> str:
    if pid == _PREPARED:
        return "a prepared transaction"
    one = by_pid.get(pid)
    if one is None:
        return "a session that has ended since"
    if one.kind != _CLIENT:
        return f"the server's own {one.kind}"
    whose = "another connection of the project's own" if one.database in names else "a session in another database"
    return f"{whose}, {_state(one)}"


def _state(one: Session) -> str:
    """With its statement: the one that runs, else its last."""
    sql = shorten(one.query, 120)
    time = duration(one.seconds)
    if one.state == "active":
        return f"which runs for {time}: {sql}"
    state = {"idle in transaction": "idle in its open transaction", "idle": "idle"}.get(one.state, one.state)
    return f"{state} for {time} (its last statement: {sql})"
