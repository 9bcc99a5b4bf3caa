"""Reads what causes need to know of a database: django_migrations itself, and content types.

Databases are read on clones, as superuser.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import psycopg
from psycopg import sql

from simulator.findings.situation import HistoryRow, HistoryTable
from simulator.postgres.database import Connection, next_number
from simulator.postgres.ddl import ASIDE
from simulator.postgres.parts import is_users_schema, kind_of_relation

HISTORY = "django_migrations"
CONTENT_TYPES = "django_content_type"


_SEARCH_PATH = """
    SELECT substr(setting, length('search_path=') + 1)
    FROM pg_db_role_setting s, unnest(s.setconfig) setting
    WHERE setting LIKE 'search_path=%%'
      AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
      AND s.setrole IN (0, coalesce((SELECT oid FROM pg_roles WHERE rolname = %s), 0))
    ORDER BY s.setrole = 0, s.setdatabase = 0 LIMIT 1"""
_DEFAULT_PATH = "SELECT reset_val FROM pg_settings WHERE name = 'search_path'"
_RELATIONS = f"""
    SELECT n.nspname, c.oid, pg_get_userbyid(c.relowner),
        {kind_of_relation("c")}
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = %s AND {is_users_schema("n")} ORDER BY n.nspname"""
_COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped"
# The sequence that a column numbers itself by, owned by it or only named in its default.
_ID = """
    SELECT a.attidentity <> '', a.attidentity <> '' OR a.atthasdef,
        coalesce(pg_get_serial_sequence(concat(quote_ident(%(schema)s), '.', quote_ident(%(table)s)), 'id'),
            (SELECT concat(quote_ident(qn.nspname), '.', quote_ident(q.relname)) FROM pg_attrdef d
             JOIN pg_depend p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
                AND p.refclassid = 'pg_class'::regclass
             JOIN pg_class q ON q.oid = p.refobjid AND q.relkind = 'S'
             JOIN pg_namespace qn ON qn.oid = q.relnamespace
             WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum LIMIT 1))
    FROM pg_attribute a WHERE a.attrelid = %(oid)s AND a.attname = 'id' AND NOT a.attisdropped"""


def history_table(connection: Connection, role: str, search_schemas: Sequence[str] | None = None) -> HistoryTable:
    """django_migrations where ``role`` finds it: in the first of ``search_schemas``, else of its own search path."""
    schemas = list(search_schemas) if search_schemas is not None else _search_path(connection, role)
    found = {schema: (oid, owner, kind) for schema, oid, owner, kind in connection.execute(_RELATIONS, (HISTORY,))}
    schema = next((name for name in schemas if name in found), None)
    elsewhere = tuple(name for name in found if name not in (schema, ASIDE))
    if schema is None:
        return HistoryTable(elsewhere=elsewhere)
    oid, owner, kind = found[schema]
    identity, numbered, sequence = False, False, None
    place = {"schema": schema, "table": HISTORY, "oid": oid}
    row = connection.execute(_ID, place).fetchone() if kind == "table" else None
    if row is not None:
        identity, numbered, sequence = row
    return HistoryTable(
        kind=kind,
        schema_name=schema,
        elsewhere=elsewhere,
        rows=tuple(_rows(connection, schema, oid)),
        sequence=sequence,
        next_id=next_number(connection, sequence) if sequence else None,
        identity=numbered if kind == "table" else True,
        # An identity's sequence needs no grant (PostgreSQL manual, CREATE TABLE).
        may_insert=_may_insert(connection, role, oid, None if identity else sequence),
        owner=owner,
    )


def content_types(
    connection: Connection, role: str, search_schemas: Sequence[str] | None = None
) -> frozenset[str] | None:
    """ "app.model" of each row of django_content_type, looked up as the history; None: there is no such table."""
    schemas = search_schemas if search_schemas is not None else _search_path(connection, role)
    found = {schema: oid for schema, oid, _owner, _kind in connection.execute(_RELATIONS, (CONTENT_TYPES,))}
    schema = next((name for name in schemas if name in found), None)
    if schema is None or not {"app_label", "model"} <= _columns(connection, found[schema]):
        return None
    query = sql.SQL("SELECT concat(app_label, '.', model) FROM {}").format(sql.Identifier(schema, CONTENT_TYPES))
    return frozenset(name for (name,) in connection.execute(query))


def _search_path(connection: Connection, role: str) -> list[str]:
    """As the settings of the role and the database have it, else the server's own default."""
    row = connection.execute(_SEARCH_PATH, (role,)).fetchone() or connection.execute(_DEFAULT_PATH).fetchone()
    names = [part.strip().strip('"').replace('""', '"') for part in (row[0] if row else "public").split(",")]
    return [role if name == "$user" else name for name in names if name]


def _columns(connection: Connection, oid: int) -> frozenset[str]:
    return frozenset(name for (name,) in connection.execute(_COLUMNS, (oid,)))


def _rows(connection: Connection, schema: str, oid: int) -> Iterator[HistoryRow]:
    """In the order they were numbered, else applied. What has not even the columns of a history has no rows."""
    there = _columns(connection, oid)
    if not {"app", "name"} <= there:
        return
    columns = [sql.Identifier(name) if name in there else sql.SQL("NULL") for name in ("id", "applied")]
    query = sql.SQL("SELECT {}, concat(app, '.', name), {} FROM {} ORDER BY 1, 3, 2").format(
        *columns, sql.Identifier(schema, HISTORY)
    )
    try:
        found = connection.execute(query).fetchall()
    except psycopg.Error:
        return  # a view or a foreign table that can't be read
    for number, name, applied in found:
        at = applied.astimezone(UTC).isoformat() if isinstance(applied, datetime) else str(applied or "")
        yield HistoryRow(number if isinstance(number, int) else None, name, at)


def _may_insert(connection: Connection, role: str, oid: int, sequence: str | None) -> bool:
    """A role that is not there is nobody whom a grant could be missing for."""
    if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is None:
        return True
    row = connection.execute(
        """SELECT has_table_privilege(%(role)s::text, %(oid)s::oid, 'INSERT')
              AND (%(sequence)s::text IS NULL
                   OR has_sequence_privilege(%(role)s::text, %(sequence)s::text, 'USAGE, UPDATE'))""",
        {"role": role, "oid": oid, "sequence": sequence},
    ).fetchone()
    return bool(row and row[0])
