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
DATABASE = """
    SELECT 'the database', pg_get_userbyid(datdba), current_user FROM pg_catalog.pg_database
    WHERE datname = current_database() AND %s IS NOT NULL
"""
# Whom every superuser is told by, where nobody but one may do it (trusted: PostgreSQL 13).
UNTRUSTED = """
    SELECT 'the untrusted extension ' || name, 'a superuser', current_user
    FROM pg_catalog.pg_available_extension_versions WHERE name = %s AND NOT trusted LIMIT 1
"""
SCHEMA_IN_MESSAGE = re.compile(r'for schema "?([^"\s]+)"?')
EXTENSION_IN_MESSAGE = re.compile(r'create extension "([^"]+)"')
DATABASE_IN_MESSAGE = re.compile(r"for database ")
OWNED_BY_WHO_OWNS_THE_DATABASE = "pg_database_owner"  # the schema public, from PostgreSQL 15 on


def schema_of(alias: str, relation: str, working: str | None = None) -> str | None:
    """The only schema that holds a relation of that name, or of several the one where the code works; else None."""
    found = [row[0] for row in _rows(alias, RELATION, relation)]
    if working in found:
        return working
    return found[0] if len(found) == 1 else None


def denied(alias: str, message: str, relation: str | None) -> dict[str, Any]:
    """What a 42501 is about: in words the object, its owner and whom the project was connected as; the owner alone;
    and whether it is for the database's owner to allow it. Empty where the catalog does not say."""
    extension = EXTENSION_IN_MESSAGE.search(message)
    schema = SCHEMA_IN_MESSAGE.search(message)
    what = "{}"
    if extension and (rows := _rows(alias, UNTRUSTED, extension.group(1))):
        return _told(rows[0], what, False)
    if extension or DATABASE_IN_MESSAGE.search(message):
        rows = _rows(alias, DATABASE, message)
        return _told(rows[0], what, True) if rows else {}
    if schema:
        rows, what = _rows(alias, SCHEMA, schema.group(1)), "schema {}"
    else:
        rows, what = _rows(alias, RELATION, relation or ""), "{}." + (relation or "")
    if rows and rows[0][1] == OWNED_BY_WHO_OWNS_THE_DATABASE:
        (owner,) = [row[1] for row in _rows(alias, DATABASE, message)] or [None]
        return _told((rows[0][0], owner or rows[0][1], rows[0][2]), what, True)
    return _told(rows[0], what, False) if rows else {}


def _told(row: tuple[Any, ...], what: str, by_database: bool) -> dict[str, Any]:
    namespace, owner, user = row
    text = f"{what.format(namespace)}, owned by {owner}, not by {user}"
    return {"denied": text, "denied_owner": owner, "denied_by_database": by_database}


def _rows(alias: str, sql: str, name: str) -> list[tuple[Any, ...]]:
    """Nothing where the server no longer answers: the failure has been told without it."""
    from django.db import connections

    try:
        with connections[alias].cursor() as cursor:
            cursor.execute(sql, [name])
            return list(cursor.fetchall())
    except Exception:
        return []
