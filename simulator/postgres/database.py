"""Databases and roles of the throwaway server, over psycopg. Every connection commits each statement by itself."""

from __future__ import annotations

import contextlib
import logging
import re
import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from simulator.errors import EngineDied
from simulator.model import Address, Existing
from simulator.postgres import catalog, messages
from simulator.postgres.catalog import Catalog
from simulator.postgres.parts import is_users_schema, kind_of_relation

Connection = psycopg.Connection[TupleRow]

APPLICATION = "migsim"
_CONNECT_SECONDS = 10
# What psycopg says of a connection that is closed while a statement runs (Ctrl-C) is nothing to act on.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

# The version from which DROP DATABASE ends other sessions itself.
_DROPS_BY_FORCE = 130000
_BUILT_IN_TABLESPACES = 2  # pg_default and pg_global
_OURS = is_users_schema("n")
_NOT_OF_AN_EXTENSION = """NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')"""

_MEMBERS = """
    SELECT m.name, x.extname::text, n.nspname::text FROM (
        SELECT 'pg_type'::regclass AS class, oid, typname::text AS name, typnamespace AS place FROM pg_type
        UNION ALL SELECT 'pg_proc'::regclass, oid, proname::text, pronamespace FROM pg_proc
        UNION ALL SELECT 'pg_opclass'::regclass, oid, opcname::text, opcnamespace FROM pg_opclass) m
    JOIN pg_depend d ON d.classid = m.class AND d.objid = m.oid AND d.deptype = 'e'
    JOIN pg_extension x ON d.refclassid = 'pg_extension'::regclass AND x.oid = d.refobjid
    JOIN pg_namespace n ON n.oid = m.place
    WHERE n.nspname <> 'pg_catalog' ORDER BY 1"""

_HOLDERS = f"""
    SELECT CASE WHEN k.oid IS NOT NULL THEN 'constraint' WHEN c.relkind IN ('i', 'I') THEN 'index'
            ELSE {kind_of_relation("c")} END,
        n.nspname, t.relname, pg_get_userbyid(c.relowner), coalesce(i.indisvalid, true), x.extname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_index i ON i.indexrelid = c.oid
    LEFT JOIN pg_class t ON t.oid = i.indrelid
    LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')
    LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = coalesce(t.oid, c.oid)
        AND d.deptype = 'e'
    LEFT JOIN pg_extension x ON x.oid = d.refobjid
    WHERE c.relname = %s AND {_OURS}
    ORDER BY n.nspname <> 'public', n.nspname"""


def sequence_values(connection: Connection) -> dict[str, int | None]:
    """The last value of every sequence; None for one that was not used yet."""
    rows = connection.execute("SELECT concat_ws('.', schemaname, sequencename), last_value FROM pg_sequences")
    return dict(rows)


@contextlib.contextmanager
def connect(address: Address) -> Iterator[Connection]:
    """A connection to that database. Raises EngineDied when nothing answers there."""
    try:
        connection = psycopg.connect(
            host=address.host,
            port=address.port,
            dbname=address.dbname,
            user=address.user,
            password=address.password or None,
            application_name=APPLICATION,
            client_encoding="utf8",
            options="",  # or PGOPTIONS of whoever starts migsim would count
            connect_timeout=_CONNECT_SECONDS,
            autocommit=True,
        )
    except psycopg.OperationalError as error:
        raise EngineDied(f"the throwaway PostgreSQL does not answer for {address.dbname}", "migsim doctor") from error
    with connection:
        yield connection


def wait(address: Address, seconds: float) -> None:
    """Return as soon as the server answers. Raises EngineDied when it has not within ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with connect(address):
                return
        except EngineDied:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def create_database(
    admin: Connection, name: str, owner: str, *, template: str = "template0", encoding: str | None = None
) -> None:
    """An empty database, or a copy of ``template``. Another encoding than the server's own needs the C locale."""
    options: list[sql.Composable] = [sql.SQL("OWNER {} TEMPLATE {}").format(*map(sql.Identifier, (owner, template)))]
    if encoding and encoding.upper() not in {"UTF8", "UTF-8"}:
        options.append(sql.SQL("ENCODING {} LOCALE 'C'").format(encoding))
    _execute(admin, "CREATE DATABASE {} WITH {}", sql.Identifier(name), sql.SQL(" ").join(options))


def create_role(admin: Connection, name: str, *, login: bool = False, member_of: Iterable[str] = ()) -> None:
    """A role without privileges of its own; one that is there already keeps its attributes."""
    if admin.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,)).fetchone() is None:
        _execute(admin, "CREATE ROLE {}", sql.Identifier(name))
    if login:
        _execute(admin, "ALTER ROLE {} WITH LOGIN", sql.Identifier(name))
    for group in member_of:
        _execute(admin, "GRANT {} TO {}", sql.Identifier(group), sql.Identifier(name))


def open_public(connection: Connection) -> None:
    """Have the schema public as it was before PostgreSQL 15: of the superuser who made the cluster, open to all."""
    connection.execute("ALTER SCHEMA public OWNER TO CURRENT_USER")
    connection.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")


def let_owners_create(connection: Connection) -> None:
    """Let each role that owns a table in public make another there: once it could."""
    owners = connection.execute(
        """SELECT DISTINCT pg_get_userbyid(c.relowner) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')"""
    ).fetchall()
    for (owner,) in owners:
        _execute(connection, "GRANT CREATE ON SCHEMA public TO {}", sql.Identifier(owner))


def make_superuser(admin: Connection, name: str) -> None:
    """Lift every refusal for a role that goes on to be itself: what it owns, its settings, its search_path."""
    _execute(admin, "ALTER ROLE {} WITH SUPERUSER", sql.Identifier(name))


def seal(admin: Connection, name: str) -> None:
    """Make a database something that can only be cloned."""
    _execute(admin, "ALTER DATABASE {} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false", sql.Identifier(name))
    end_sessions(admin, name)


def clone(admin: Connection, source: str, name: str) -> None:
    """A private copy of ``source``: same owner, same settings.

    CREATE DATABASE copies neither, and is refused while a session is open in ``source``.
    """
    row = admin.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", (source,)).fetchone()
    if row is None:
        raise EngineDied(f"the database {source} is gone", "migsim doctor")
    end_sessions(admin, source)
    create_database(admin, name, row[0], template=source)
    _copy_settings(admin, source, name)


def can_be_forked(admin: Connection, names: Iterable[str], least: int) -> bool:
    """Whether those databases hold at least as many bytes, the whole cluster lies in its data directory, and nothing
    writes there by itself."""
    row = admin.execute(
        """SELECT sum(pg_database_size(datname)) >= %s AND (SELECT count(*) FROM pg_tablespace) = %s
               AND current_setting('autovacuum') = 'off' AND current_setting('shared_preload_libraries') = ''
           FROM pg_database WHERE datname = ANY (%s)""",
        (least, _BUILT_IN_TABLESPACES, list(names)),
    ).fetchone()
    return bool(row and row[0])


def has_unlogged(connection: Connection) -> bool:
    """Whether there are tables that a start after a crash empties, as a fork's is (PostgreSQL manual, CREATE TABLE)."""
    row = connection.execute("SELECT EXISTS (SELECT FROM pg_class WHERE relpersistence = 'u')").fetchone()
    return bool(row and row[0])


def checkpoint(admin: Connection) -> None:
    """Write all that is in memory to the data directory."""
    admin.execute("CHECKPOINT")


def unseal(admin: Connection, source: str, name: str) -> None:
    """In a fork the sealed database itself is the copy: open it, under a name of its own."""
    _execute(admin, "ALTER DATABASE {} WITH IS_TEMPLATE false ALLOW_CONNECTIONS true", sql.Identifier(source))
    _execute(admin, "ALTER DATABASE {} RENAME TO {}", sql.Identifier(source), sql.Identifier(name))


def create_like(admin: Connection, source: str, name: str) -> None:
    """An empty database with the owner, the encoding and the settings of ``source``."""
    row = admin.execute(
        "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding) FROM pg_database WHERE datname = %s", (source,)
    ).fetchone()
    if row is None:
        raise EngineDied(f"the database {source} is gone", "migsim doctor")
    create_database(admin, name, row[0], encoding=row[1])
    _copy_settings(admin, source, name)


def search_path(admin: Connection, name: str) -> tuple[str, ...]:
    """The schemas that the database's own settings, or those of a role in it, put on the search path."""
    rows = admin.execute(
        """SELECT trim(schema, ' "') FROM pg_catalog.pg_db_role_setting
           JOIN pg_database ON pg_database.oid = setdatabase,
           unnest(setconfig) setting, regexp_split_to_table(substr(setting, length('search_path=') + 1), ',') schema
           WHERE datname = %s AND setting LIKE 'search_path=%%'""",
        (name,),
    )
    return tuple(dict.fromkeys(schema for (schema,) in rows if schema and schema != "$user"))


def create_schemas(connection: Connection, names: Iterable[str]) -> None:
    """Those that are not there yet, as whoever is connected."""
    for name in names:
        if not name.startswith("pg_"):
            _execute(connection, "CREATE SCHEMA IF NOT EXISTS {}", sql.Identifier(name))


def _copy_settings(admin: Connection, source: str, name: str) -> None:
    # Copied as they are: some can't be set again by a statement (a backend's own, an extension's not loaded here).
    admin.execute(
        """INSERT INTO pg_catalog.pg_db_role_setting (setdatabase, setrole, setconfig)
           SELECT copy.oid, setrole, setconfig FROM pg_catalog.pg_db_role_setting
           JOIN pg_database source ON source.oid = setdatabase
           JOIN pg_database copy ON copy.datname = %s WHERE source.datname = %s""",
        (name, source),
    )


def drop(admin: Connection, name: str) -> None:
    """Remove a database, sealed or in use; one that is not there is no error."""
    if admin.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
        return
    _execute(admin, "ALTER DATABASE {} WITH IS_TEMPLATE false", sql.Identifier(name))
    if admin.info.server_version >= _DROPS_BY_FORCE:
        _execute(admin, "DROP DATABASE {} WITH (FORCE)", sql.Identifier(name))
    else:
        end_sessions(admin, name)
        _execute(admin, "DROP DATABASE {}", sql.Identifier(name))


def end_sessions(admin: Connection, name: str) -> None:
    """Terminate every other session in that database."""
    admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
        (name,),
    )


def apply_setting(admin: Connection, name: str, statement: str) -> None:
    """``ALTER DATABASE x SET …`` or ``ALTER ROLE r IN DATABASE x SET …`` of a dump, for the database ``name``."""
    target = sql.Identifier(name).as_string(admin)
    pattern = re.compile(r'(\bDATABASE\s+)(?:"(?:[^"]|"")+"|[^\s"]+)', re.IGNORECASE)
    moved = pattern.sub(lambda match: match[1] + target, statement, count=1)
    admin.execute(moved.encode())


def count_relations(connection: Connection) -> int:
    """How many tables, views and sequences there are that belong neither to PostgreSQL nor to an extension."""
    row = connection.execute(
        f"""SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND {_OURS} AND {_NOT_OF_AN_EXTENSION}""".encode()
    ).fetchone()
    return int(row[0]) if row else 0


def names(connection: Connection) -> frozenset[str]:
    """Every name that something in this database has, but for PostgreSQL's own."""
    return frozenset(name for (name,) in connection.execute(messages.CATALOG).fetchall())


def available_extensions(connection: Connection) -> frozenset[str]:
    """The extensions that this server could create."""
    return frozenset(name for (name,) in connection.execute("SELECT name FROM pg_available_extensions"))


def owner_of(connection: Connection, relation: str, schema: str | None = None) -> str | None:
    """Who owns a relation (the one that a bare name finds first, public before others); None: there is none."""
    row = connection.execute(
        """SELECT pg_get_userbyid(c.relowner) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE c.relname = %s AND (%s::text IS NULL OR n.nspname = %s)
           ORDER BY n.nspname <> 'public', n.nspname LIMIT 1""",
        (relation, schema, schema),
    ).fetchone()
    return str(row[0]) if row else None


def read_catalog(connection: Connection) -> Catalog:
    """Everything that ``catalog.QUERY`` tells of this database. The session's own settings stay as they are."""
    with connection.transaction():
        connection.execute(
            "SELECT set_config(name, value, true) FROM unnest(%s::text[], %s::text[]) s (name, value)",
            (list(catalog.SETTINGS), list(catalog.SETTINGS.values())),
        )
        return Catalog(catalog.facts(connection.execute(catalog.QUERY.encode()).fetchall()))


class TableRows(NamedTuple):
    """A table as "schema.table" without quotes, and exactly how many rows it has."""

    name: str
    rows: int


def count_rows(connection: Connection) -> dict[int, TableRows]:
    """What holds rows, by OID, which a copied database keeps and a table that is moved or renamed, too.

    Not the partitions, whose rows their parent counts.
    """
    found = connection.execute(
        f"""SELECT c.oid, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND {_OURS} AND {_NOT_OF_AN_EXTENSION}
            ORDER BY 2, 3""".encode()
    ).fetchall()
    counted = {}
    for oid, schema, table in found:
        row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table))).fetchone()
        counted[int(oid)] = TableRows(f"{schema}.{table}", int(row[0]) if row else 0)
    return counted


def has_rows(connection: Connection) -> bool:
    """Whether any table holds a row; those of an extension aside."""
    found = connection.execute(
        f"""SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind = 'r' AND {_OURS} AND {_NOT_OF_AN_EXTENSION} ORDER BY c.relpages DESC""".encode()
    ).fetchall()
    some = sql.SQL("SELECT EXISTS (SELECT FROM {})")
    return any(_first(connection, some.format(sql.Identifier(schema, table))) for schema, table in found)


def _first(connection: Connection, query: sql.Composed) -> object:
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def next_number(connection: Connection, sequence: str) -> int:
    """What a sequence gives next; its name is qualified and quoted."""
    query = """SELECT CASE WHEN is_called THEN last_value + seqincrement ELSE last_value END
               FROM {}, pg_sequence WHERE seqrelid = {}::regclass"""
    row = connection.execute(sql.SQL(query).format(sql.SQL(sequence), sql.Literal(sequence))).fetchone()
    assert row is not None  # a sequence is one row, or an error
    return int(row[0])


def schemas_with(connection: Connection, relation: str) -> tuple[str, ...]:
    """Those that have a table of that name."""
    query = f"""SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relname = %s AND c.relkind IN ('r', 'p') AND {_OURS} ORDER BY 1"""
    return tuple(schema for (schema,) in connection.execute(query.encode(), (relation,)))


def owners(connection: Connection) -> dict[str, str]:
    """The owner of each "schema.relation"."""
    return {
        f"{schema}.{relation}": owner
        for schema, relation, owner in connection.execute(
            f"""SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner)
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c') AND {_OURS}""".encode()
        )
    }


def holders(connection: Connection, name: str) -> tuple[Existing, ...]:
    """What holds this relation name, in every schema but PostgreSQL's own; public first. An extension's too."""
    return tuple(
        Existing(kind, name, schema, table, owner=owner, valid=valid, extension=extension)
        for kind, schema, table, owner, valid, extension in connection.execute(_HOLDERS, (name,))
    )


class Member(NamedTuple):
    """What an extension has brought, and the schema that it is in."""

    extension: str
    schema: str


def extension_members(connection: Connection) -> dict[str, Member]:
    """Types, functions and operator classes of extensions, by their names, outside of pg_catalog."""
    rows = connection.execute(_MEMBERS)
    return {name: Member(extension, schema) for name, extension, schema in rows}


def _execute(connection: Connection, statement: str, *names: sql.Composable) -> None:
    connection.execute(sql.SQL(statement).format(*names))
