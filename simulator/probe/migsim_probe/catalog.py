"""Looked up after a failure, on a fresh connection: which schema holds a name, and who owns what was denied."""

from __future__ import annotations

import re
from typing import Any

RELATION = """
    SELECT n.nspname, pg_get_userbyid(c.relowner), current_user
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = %s AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""
SCHEMA = "SELECT nspname, pg_get_userbyid(nspowner), current_user FROM pg_catalog.pg_namespace WHERE nspname = %s"
SCHEMA_IN_MESSAGE = re.compile(r'for schema "?([^"\s]+)"?')


def schema_of(alias: str, relation: str) -> str | None:
    """The only schema that holds a relation of that name; None where several or none do."""
    rows = _rows(alias, RELATION, relation)
    return rows[0][0] if len(rows) == 1 else None


def denied(alias: str, message: str, relation: str | None) -> str | None:
    """What a 42501 is about: the object, its owner, and whom the project was connected as."""
    schema = SCHEMA_IN_MESSAGE.search(message)
    if schema:
        rows, what = _rows(alias, SCHEMA, schema.group(1)), "schema {}"
    else:
        rows, what = _rows(alias, RELATION, relation or ""), "{}." + (relation or "")
    if not rows:
        return None
    namespace, owner, user = rows[0]
    return f"{what.format(namespace)}, owned by {owner}, not by {user}"


def _rows(alias: str, sql: str, name: str) -> list[tuple[Any, ...]]:
    """Nothing where the server no longer answers: the failure has been told without it."""
    from django.db import connections

    try:
        with connections[alias].cursor() as cursor:
            cursor.execute(sql, [name])
            return list(cursor.fetchall())
    except Exception:
        return []
