"""Which sequences of a database are behind the rows that they number."""

from __future__ import annotations

from psycopg import sql

from simulator.findings.situation import BehindSequence
from simulator.postgres.database import Connection, next_number

# Sequences that belong to a column (serial or identity). pg_sequences would not tell what one gives next that was
# restarted and not used since: its last_value is NULL then (PostgreSQL manual, section 54.23).
_OWNED = """
    SELECT tn.nspname, t.relname, a.attname, concat(quote_ident(cn.nspname), '.', quote_ident(c.relname))
    FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'S'
    JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
    JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
    JOIN pg_catalog.pg_class t ON t.oid = d.refobjid AND t.relkind IN ('r', 'p')
    JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
      AND d.deptype IN ('a', 'i') AND s.seqincrement > 0
      AND EXISTS (SELECT FROM pg_catalog.pg_index i
          WHERE i.indrelid = t.oid AND i.indisunique AND i.indkey[0] = a.attnum)
"""


def behind(connection: Connection) -> tuple[BehindSequence, ...]:
    """Those of uniquely indexed columns, whose highest number is one look into the index."""
    found = []
    for schema, table, column, sequence in connection.execute(_OWNED.encode()).fetchall():
        query = sql.SQL("SELECT max({}) FROM {}").format(sql.Identifier(column), sql.Identifier(schema, table))
        row = connection.execute(query).fetchone()
        if row and row[0] is not None and next_number(connection, sequence) <= row[0]:
            found.append(BehindSequence(schema, table, column))
    return tuple(found)
