"""Statements that build an index on a large table, so that nobody waits for it meanwhile.

PostgreSQL's manual, CREATE INDEX, "Building Indexes Concurrently", and ALTER TABLE, ADD ... USING INDEX.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set

from simulator.dumps.statements import unquote

_WORD = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_TABLE = rf"(?P<table>{_WORD}(?:\.{_WORD})?)"
_INDEX = re.compile(rf"CREATE (?P<unique>UNIQUE )?INDEX (?P<rest>{_WORD} ON {_TABLE} .+)", re.DOTALL)
_UNIQUE = re.compile(
    rf"ALTER TABLE {_TABLE} ADD CONSTRAINT (?P<name>{_WORD}) "
    r"UNIQUE (?P<columns>\([^()]+\))(?P<late>(?: NOT)?(?: DEFERRABLE)?(?: INITIALLY \w+)?)"
)


def concurrently(statements: Iterable[str], large: Set[str]) -> Iterator[str]:
    """What comes to the same. ``large``: "schema.table" of the tables that are.

    What needs more than an index (a primary key, an exclusion) stays as it is. An index that is built this way can't
    share a transaction with another statement.
    """
    for statement in statements:
        if (index := _INDEX.fullmatch(statement)) and _name(index["table"]) in large:
            yield f"CREATE {index['unique'] or ''}INDEX CONCURRENTLY {index['rest']}"
        elif (unique := _UNIQUE.fullmatch(statement)) and _name(unique["table"]) in large:
            table, name = unique["table"], unique["name"]
            yield f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} {unique['columns']}"
            yield f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}{unique['late']}"
        else:
            yield statement


def _name(table: str) -> str:
    """As the catalog has it, with its schema."""
    parts = [unquote(part) for part in re.findall(_WORD, table)]
    return ".".join(parts if len(parts) > 1 else ("public", *parts))
