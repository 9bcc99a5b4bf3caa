"""Getting things out of the way: what holds no rows is dropped, what does is moved aside."""

from __future__ import annotations

from simulator.model import Fact
from simulator.postgres.ddl.names import OTHERS, RELATIONS, other, qualified, quote
from simulator.postgres.sql import literal

# Where things are moved that stand in the way and hold rows.
ASIDE = "migsim_aside"

_WITHOUT_ROWS = ("view", "materialized view", "sequence", "composite type")


def drop(fact: Fact) -> str | None:
    """Drop what holds no rows; None for what does, and for columns. What depends on it is not dropped with it."""
    own, table = qualified(fact.schema, fact.name), qualified(fact.schema, fact.relation)
    match fact.kind:
        case "index":
            return f"DROP INDEX {own}"
        case "constraint":
            return f"ALTER TABLE {table} DROP CONSTRAINT {quote(fact.name)}"
        case "trigger" | "rule" | "policy":
            return f"DROP {fact.kind.upper()} {quote(fact.name)} ON {table}"
        case "relation" if fact.definition[0] in _WITHOUT_ROWS:
            return f"DROP {RELATIONS[fact.definition[0]]} {table}"
        case "extension" | "schema":
            return f"DROP {OTHERS[fact.kind]} {quote(fact.name)}"
        case "type" | "function" | "collation":
            return f"DROP {OTHERS[fact.kind]} {other(fact)}"
        case _:
            return None


def drop_column(fact: Fact, rows: str, said: str) -> str:
    """Drop a column, unless there are such rows (a condition) in its table, which stop it with those words. One
    statement, so that none can come between."""
    table = qualified(fact.schema, fact.relation)
    return (
        f"DO $$ BEGIN LOCK TABLE {table}; IF EXISTS (SELECT FROM {table} WHERE {rows}) "
        f"THEN RAISE EXCEPTION USING MESSAGE = {literal(said)}; END IF; "
        f"ALTER TABLE {table} DROP COLUMN {quote(fact.name)}; END $$"
    )


def rename(fact: Fact, name: str) -> str:
    """Of an index or a constraint."""
    if fact.kind == "index":
        return f"ALTER INDEX {qualified(fact.schema, fact.name)} RENAME TO {quote(name)}"
    table = qualified(fact.schema, fact.relation)
    return f"ALTER TABLE {table} RENAME CONSTRAINT {quote(fact.name)} TO {quote(name)}"


def set_aside(fact: Fact) -> tuple[str, ...]:
    """Move it to the schema ``ASIDE`` with its rows, indexes and constraints; () for what can't be moved by itself."""
    match fact.kind:
        case "relation":
            moved = f"ALTER {RELATIONS[fact.definition[0]]} {qualified(fact.schema, fact.relation)}"
        case "type" | "function" | "collation":
            moved = f"ALTER {OTHERS[fact.kind]} {other(fact)}"
        case _:
            return ()
    return (f"CREATE SCHEMA IF NOT EXISTS {quote(ASIDE)}", f"{moved} SET SCHEMA {quote(ASIDE)}")
