"""One database of a pg_dumpall script: which there are, who owns it, which roles there are, what psql gets."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from simulator import dumps
from simulator.dumps import cluster, filtering, plain
from simulator.errors import CannotTell, UsageError

ROLES = r"""--
-- PostgreSQL database cluster dump
--

\restrict kluster

SET client_encoding = 'UTF8';
DROP ROLE IF EXISTS shop;
CREATE ROLE postgres;
ALTER ROLE postgres WITH SUPERUSER INHERIT CREATEROLE CREATEDB LOGIN REPLICATION BYPASSRLS;
CREATE ROLE shop;
ALTER ROLE shop WITH NOSUPERUSER NOINHERIT NOCREATEROLE CREATEDB LOGIN PASSWORD 'SCRAM-SHA-256$it''s; SUPERUSER';
CREATE ROLE boss;
ALTER ROLE boss WITH SUPERUSER INHERIT LOGIN;
ALTER ROLE shop SET statement_timeout TO '5s';
GRANT readers TO shop WITH INHERIT TRUE GRANTED BY postgres;
CREATE TABLESPACE fast OWNER postgres LOCATION '/fast';
\unrestrict kluster
"""
ONE = r"""--
-- PostgreSQL database dump
--

-- Dumped from database version 15.4
-- Dumped by pg_dump version 16.1

SET client_encoding = 'UTF8';
{create}SET standard_conforming_strings = on;
{body}--
-- PostgreSQL database dump complete
--

"""
CREATE = r"""CREATE DATABASE {name} WITH TEMPLATE = template0 ENCODING = 'LATIN1' LOCALE = 'C';
ALTER DATABASE {name} OWNER TO "Shop Owner";
\encoding SQL_ASCII
\connect {target}
ALTER DATABASE {name} SET search_path TO 'app';
ALTER ROLE shop IN DATABASE {name} SET work_mem TO '1MB';
GRANT CREATE ON DATABASE {name} TO reporting;
COMMENT ON DATABASE {name} IS 'of
two lines; CREATE TABLE no ();
';
"""
END = "--\n-- PostgreSQL database cluster dump complete\n--\n"
ROWS = "CREATE TABLE public.{0} (a text);\nCOPY public.{0} (a) FROM stdin;\n\\connect evil\nCREATE ROLE x;\n\\.\n"


def of(name: str, target: str, body: str) -> str:
    return ONE.format(create=CREATE.format(name=name, target=target), body=body)


ALL = (
    f"{ROLES}\\connect template1\n{ONE.format(create='', body='')}"
    + of('"My Shop"', "-reuse-previous=on \"dbname='My Shop'\"", ROWS.format("first"))
    + of("other", "other", ROWS.format("second"))
    + END
)


def read(tmp_path: Path, text: str, database: str | None = None) -> Any:
    path = tmp_path / "all.sql"
    path.write_text(text)
    return dumps.read(path, database)


def test_one_database_with_its_owner_settings_and_the_clusters_roles(tmp_path: Path) -> None:
    dump = read(tmp_path, ALL, "My Shop")
    assert (dump.database, dump.database_owner, dump.encoding) == ("My Shop", "Shop Owner", "LATIN1")
    assert (dump.tables, dump.relations, dump.dumped_from) == (1, 1, "15.4")
    assert {"shop", "boss", "Shop Owner", "reporting"} <= set(dump.roles)
    assert dump.superusers == ("boss",)
    assert dump.role_statements == (
        "ALTER ROLE shop WITH NOINHERIT NOCREATEROLE CREATEDB",
        "ALTER ROLE boss WITH INHERIT",
        "ALTER ROLE shop SET statement_timeout TO '5s'",
        "GRANT readers TO shop WITH INHERIT TRUE",
    )
    assert [statement.split()[0] for statement in dump.settings] == ["ALTER", "ALTER", "GRANT"]
    assert "SCRAM" not in repr(dump)


def test_without_the_key_several_are_named_with_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="My Shop, other") as refusal:
        read(tmp_path, ALL)
    assert "database: My Shop}" in refusal.value.hint
    with pytest.raises(UsageError, match="no database 'nope'"):
        read(tmp_path, ALL, "nope")


def test_a_single_one_need_not_be_named(tmp_path: Path) -> None:
    text = f"{ROLES}\\connect template1\n{ONE.format(create='', body='')}{of('shop', 'shop', ROWS.format('t'))}{END}"
    assert read(tmp_path, text).database == "shop"
    assert read(tmp_path, of("shop", "shop", ROWS.format("t"))).database == "shop"  # pg_dump --create


def test_what_has_no_database_or_only_one(tmp_path: Path) -> None:
    with pytest.raises(CannotTell, match="roles alone"):
        read(tmp_path, ROLES + END)
    with pytest.raises(CannotTell, match="cluster dump complete"):
        read(tmp_path, ALL.removesuffix(END), "other")
    with pytest.raises(UsageError, match="dump of one database"):
        read(tmp_path, ONE.format(create="", body=ROWS.format("t")), "shop")


def test_psql_gets_that_database_and_nothing_beside_it() -> None:
    stream: Any = io.BufferedReader(io.BytesIO(ALL.encode()))
    given = filtering.for_psql(stream, b"", database="other").read().decode()
    assert "public.second" in given
    assert "\\connect evil" in given  # a row
    words = ("first", "DATABASE other", "ROLE shop", "TABLESPACE", "CREATE TABLE no", "\\connect other", "\\encoding")
    assert not [word for word in words if word in given]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b"\\connect shop\r\n", "shop"),
        (b"\\c Shop\n", "Shop"),
        (b'\\connect "a ""b"\n', 'a "b'),
        (b"\\connect -reuse-previous=on \"dbname='it\\'s'\"\n", "it's"),
        (b"\\connect shop someone\n", None),
        (b"\\connect -\n", None),
        (b"\\connect host=elsewhere\n", None),
        (b"\\copy t from x\n", None),
    ],
)
def test_where_a_script_connects_to(line: bytes, name: str | None) -> None:
    assert cluster.target(line) == name


@pytest.mark.parametrize(
    "statement",
    [
        "GRANT SELECT ON TABLE public.t TO shop",
        "CREATE USER MAPPING FOR shop SERVER s",
        "ALTER USER MAPPING FOR shop SERVER s OPTIONS (a 'b')",
        "COMMENT ON TABLE t IS 'what stands ON DATABASE shop'",
        "ALTER TABLE public.role OWNER TO shop",
        "REVOKE ALL ON SCHEMA public FROM shop",
    ],
)
def test_what_is_of_the_tables_is_psqls(statement: str) -> None:
    assert not cluster.is_beside(statement)


def test_a_host_that_a_script_names_is_refused() -> None:
    text = ONE.format(create="\\connect shop someone elsewhere.example\n", body="")
    with pytest.raises(plain.NotRestorable, match="database of its own"):
        plain.scan(io.BytesIO(text.encode()))
