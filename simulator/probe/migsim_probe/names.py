"""Which objects an error is about: from the driver's fields, else from the SQL that failed, else from the message."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

DUPLICATE_TABLE = "42P07"
UNDEFINED_TABLE = "42P01"
NO_UNIQUE_KEY = "42830"
INSUFFICIENT_PRIVILEGE = "42501"

IDENTIFIER = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
QUALIFIED = rf"{IDENTIFIER}(?:\s*\.\s*{IDENTIFIER}){{0,2}}"
IF_EXISTS = r"(?:IF\s+(?:NOT\s+)?EXISTS\s+)?"

# One statement's head → the table that it works on.
HEADS = tuple(
    re.compile(pattern.replace("<T>", r"(?P<table>" + QUALIFIED + ")"), re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"CREATE\s+(?:GLOBAL\s+|LOCAL\s+)?(?:TEMP\s+|TEMPORARY\s+|UNLOGGED\s+|FOREIGN\s+)?TABLE\s+" + IF_EXISTS + "<T>",
        r"CREATE\s+(?:UNIQUE\s+)?INDEX\b.*?\sON\s+(?:ONLY\s+)?<T>",
        r"CREATE\s+(?:OR\s+REPLACE\s+)?RULE\b.*?\sON\s+\w+\s+TO\s+<T>",
        r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+)?(?:TRIGGER|POLICY)\b.*?\sON\s+<T>",
        r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:TEMP\s+|TEMPORARY\s+)?(?:RECURSIVE\s+)?(?:MATERIALIZED\s+)?(?:VIEW|SEQUENCE)\s+"
        + IF_EXISTS
        + "<T>",
        r"(?:ALTER|DROP)\s+(?:FOREIGN\s+|MATERIALIZED\s+)?(?:TABLE|VIEW|SEQUENCE)\s+" + IF_EXISTS + r"(?:ONLY\s+)?<T>",
        r"INSERT\s+INTO\s+<T>",
        r"UPDATE\s+(?:ONLY\s+)?<T>",
        r"DELETE\s+FROM\s+(?:ONLY\s+)?<T>",
        r"(?:TRUNCATE|LOCK)\s+(?:TABLE\s+)?(?:ONLY\s+)?<T>",
        r"COMMENT\s+ON\s+(?:TABLE|VIEW|SEQUENCE)\s+<T>",
        r"SELECT\b.*?\sFROM\s+(?:ONLY\s+)?<T>",
    )
)
# What a statement may be split at: a semicolon outside of quotes, dollar quotes and comments.
TOKENS = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$\w*\$).*?\1|--[^\n]*|/\*.*?\*/|(?P<end>;)""", re.DOTALL)
CONSTRAINT_IN_SQL = re.compile(r"ADD\s+CONSTRAINT\s+(" + IDENTIFIER + ")", re.IGNORECASE)

RELATION_IN_MESSAGE = re.compile(r'relation "(?P<name>[^"]+)"')
TABLE_IN_MESSAGE = re.compile(r'(?:table|view) (?:"(?P<quoted>[^"]+)"|(?P<plain>[\w.$]+))', re.IGNORECASE)
COLUMN_IN_MESSAGE = re.compile(r'column (?:"(?P<quoted>[^"]+)"|(?:[\w$]+\.)?(?P<plain>[\w$]+) does not exist)')
CONSTRAINT_IN_MESSAGE = re.compile(r'constraint "(?P<name>[^"]+)"')
# Django's own words (backends/base/schema.py, operations/models.py) where it looks one up by its columns.
LOOKED_UP = re.compile(r"Found wrong number \(\d+\) of (?:constraints|indexes) for (?P<table>[^()]+)\(")


class Names(NamedTuple):
    relation: str | None = None
    schema_name: str | None = None
    table_name: str | None = None
    column_name: str | None = None
    constraint_name: str | None = None


def names(sqlstate: str, message: str, sql: str | None, diag: Any) -> Names:
    """``message`` is the driver's (messages are in C), ``diag`` its fields, filled for class 23 only."""
    fields = _fields(diag)
    schema, table = target(sql) if sql else (None, None)
    said_relation = _unqualified(_match(RELATION_IN_MESSAGE, message))
    said_table = said_relation or _unqualified(_match(TABLE_IN_MESSAGE, message))
    if sqlstate == DUPLICATE_TABLE:
        table_name = table
        relation = said_relation or table
    else:
        preferred = said_relation if sqlstate == UNDEFINED_TABLE else None
        preferred = said_table if sqlstate == INSUFFICIENT_PRIVILEGE else preferred
        relation = table_name = fields["table_name"] or preferred or table or said_table
        if sqlstate == NO_UNIQUE_KEY and said_table:
            relation = said_table  # the referenced table, which lacks it; the statement is the other one's
    return Names(
        relation=relation,
        schema_name=fields["schema_name"] or (schema if table_name == table else None),
        table_name=table_name,
        column_name=fields["column_name"] or (_match(COLUMN_IN_MESSAGE, message) if sqlstate[:2] == "42" else None),
        constraint_name=fields["constraint_name"] or _constraint(sqlstate, message, sql, relation),
    )


def looked_up(error: BaseException) -> Names:
    """Of an exception without a driver's: the table in which Django looked for a constraint or an index in vain."""
    table = _match(LOOKED_UP, str(error)) if type(error) is ValueError else None
    return Names(relation=table, table_name=table)


def target(sql: str) -> tuple[str | None, str | None]:
    """Schema and table that the SQL works on; nothing where its statements work on several."""
    found = {place for place in map(_head, statements(sql)) if place is not None}
    return found.pop() if len(found) == 1 else (None, None)


def statements(sql: str) -> list[str]:
    """The statements of a script, without their semicolons."""
    parts, start = [], 0
    for token in TOKENS.finditer(sql):
        if token.group("end"):
            parts.append(sql[start : token.start()])
            start = token.end()
    parts.append(sql[start:])
    return [part for part in map(_without_comments, parts) if part]


def parse_identifier(text: str) -> str:
    """As PostgreSQL reads it: quotes undone, else folded to lower case; never more than 63 bytes."""
    name = text[1:-1].replace('""', '"') if text.startswith('"') else text.lower()
    return name.encode("utf-8")[:63].decode("utf-8", "ignore")


def _unqualified(name: str | None) -> str | None:
    """A message names a relation as the SQL did: ``relation "crm.thing" does not exist``."""
    return name.rsplit(".", 1)[-1] if name else None


def _head(statement: str) -> tuple[str | None, str | None] | None:
    for head in HEADS:
        match = head.match(statement)
        if match:
            parts = [parse_identifier(part) for part in re.findall(IDENTIFIER, match.group("table"))]
            return (parts[-2] if len(parts) > 1 else None), parts[-1]
    return None


def _constraint(sqlstate: str, message: str, sql: str | None, relation: str | None) -> str | None:
    """A unique constraint collides as its index (42P07), by the constraint's name."""
    said = _match(CONSTRAINT_IN_MESSAGE, message)
    added = CONSTRAINT_IN_SQL.search(sql or "")
    if said or sqlstate != DUPLICATE_TABLE or not added:
        return said
    name = parse_identifier(added.group(1))
    return name if name == relation else None


def _fields(diag: Any) -> dict[str, str | None]:
    keys = ("schema_name", "table_name", "column_name", "constraint_name")
    return {key: getattr(diag, key, None) or None for key in keys}


def _match(pattern: Any, text: str) -> str | None:
    match = pattern.search(text)
    return next((group for group in match.groups() if group), None) if match else None


def _without_comments(statement: str) -> str:
    return re.sub(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", "", statement, flags=re.DOTALL).strip()
