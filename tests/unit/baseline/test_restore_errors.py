"""Which of a restore's errors a person would meet, what they are called, and that no row is quoted."""

from __future__ import annotations

import csv
import io

import pytest

from simulator.baseline.restore_errors import Known, LogRow, judge, not_made, read_log
from simulator.model import Phase

ARCHIVE = Known("pg_restore", available_extensions=frozenset({"citext"}))


def _log(*rows: dict[int, str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([row.get(column, "") for column in range(26)])
    return text.getvalue()


def test_errors_are_read_from_the_csvlog() -> None:
    error = {2: "shop", 11: "ERROR", 12: "42P07", 13: 'relation "t" already exists', 19: "CREATE TABLE t ();", 22: "m"}
    text = _log({11: "LOG", 12: "00000"}, error, {**error, 19: "x" * 200_000})
    rows = list(read_log(text + "2026-11-23 04:00:00 UTC,cut"))
    assert rows[0] == LogRow("42P07", 'relation "t" already exists', "CREATE TABLE t ();", "shop", "m")
    assert len(rows) == 2


def test_a_finding_carries_the_names_of_its_statement() -> None:
    row = LogRow("42P07", 'relation "blog_tag" already exists', "CREATE TABLE public.blog_tag (\n    id integer\n);\n")
    (found,) = judge([row], ARCHIVE).failures
    assert (found.phase, found.sqlstate, found.exception) == (Phase.RESTORE, "42P07", "pg_restore")
    assert (found.schema_name, found.relation, found.table_name) == ("public", "blog_tag", "blog_tag")
    assert found.sql == "CREATE TABLE public.blog_tag (\n    id integer\n);"


def test_the_index_of_a_constraint_is_what_collided() -> None:
    statement = "ALTER TABLE ONLY public.tag\n    ADD CONSTRAINT tag_key UNIQUE (name);"
    (found,) = judge([LogRow("42P07", 'relation "tag_key" already exists', statement)], ARCHIVE).failures
    assert (found.relation, found.table_name) == ("tag_key", None)


@pytest.mark.parametrize(
    ("sqlstate", "message", "statement"),
    [
        ("22P02", 'invalid input syntax for type integer: "Jane Roe"', "COPY public.t (a) FROM stdin;"),
        ("42601", 'syntax error at or near "Jane"', "Jane Roe\t12\tCREATE TABLE x"),
        ("22021", 'invalid byte sequence for encoding "UTF8": 0x4a 0x61', "COPY t FROM stdin; -- 'Jane'"),
        ("P0001", "the row is 'Jane'", "COPY public.t (a) FROM stdin;"),
        ("0A000", "no server", "CREATE USER MAPPING FOR a SERVER b OPTIONS (password 'Jane');"),
        ("42704", "no language", "CREATE FUNCTION f() AS $_$ key = Jane; $_$ LANGUAGE plx;"),
        ("23505", 'duplicate key value violates unique constraint "t_pkey"', "INSERT INTO t VALUES (1, 'Jane Roe');"),
        ("42P01", 'relation "t" does not exist', "with x as (select 'Jane Roe') select"),
    ],
)
def test_no_row_is_quoted(sqlstate: str, message: str, statement: str) -> None:
    (found,) = judge([LogRow(sqlstate, message, statement)], Known("psql")).failures
    assert "Jane" not in f"{found.message} {found.sql} {found.relation}"
    assert "0x4a" not in found.message
    assert found.sqlstate == sqlstate


def test_the_constraint_of_a_duplicate_stays_named_and_counts_once() -> None:
    row = LogRow("23505", 'duplicate key value violates unique constraint "t_pkey"', "INSERT INTO t VALUES (1, 'a');")
    (found,) = judge([row, row], Known("psql", names=frozenset({"t_pkey"}))).failures
    assert (found.message, found.relation, found.sql) == (row.message, "t", "INSERT INTO t")


HARMLESS = [
    (LogRow("42501", "must be owner of extension citext", "COMMENT ON EXTENSION citext IS 'x';"), "comments"),
    (
        LogRow("42704", 'unrecognized configuration parameter "x"', "SET transaction_timeout = 0;"),
        "transaction_timeout",
    ),
    (LogRow("42704", 'role "rdsadmin" does not exist', "GRANT ALL ON TABLE t TO rdsadmin;"), "rdsadmin"),
    (LogRow("42883", "no such function", "GRANT ALL ON FUNCTION f() TO rds_superuser;"), "rds_superuser"),
    (LogRow("42P06", 'schema "public" already exists', "CREATE SCHEMA public;\n\n\n"), "public"),
    (LogRow("22023", 'invalid value for "default_tablespace"', "SET default_tablespace = fast;"), "fast"),
]


@pytest.mark.parametrize(("row", "names"), HARMLESS)
def test_what_does_no_harm_is_a_warning(row: LogRow, names: str) -> None:
    judged = judge([row], Known("pg_restore", left_out=("aws_s3",)))
    assert not judged.failures
    assert names in judged.warnings[0]


@pytest.mark.parametrize(
    "row",
    [
        LogRow("42501", "must be owner of table t", "COMMENT ON TABLE t IS 'x';"),
        LogRow("42704", 'type "geometry" does not exist', "CREATE TABLE t (a geometry);"),
        LogRow("42704", 'role "reporting" does not exist', "GRANT ALL ON TABLE t TO reporting;"),
        LogRow("42704", 'role "r" does not exist', "GRANT ALL ON TABLE t TO rdsadmin;\nGRANT SELECT ON t TO r;"),
        LogRow("42P06", 'schema "app" already exists', "CREATE SCHEMA app;"),
        LogRow("0A000", 'extension "postgis" is not available', "CREATE EXTENSION IF NOT EXISTS postgis;"),
        LogRow("42P07", 'relation "t" already exists', "CREATE TABLE public.t ();"),
    ],
)
def test_what_is_only_like_it_stays_an_error(row: LogRow) -> None:
    judged = judge([row], Known("pg_restore", left_out=("aws_s3",)))
    assert [found.sqlstate for found in judged.failures] == [row.sqlstate]
    assert not judged.warnings


def test_what_the_sandbox_lacks_is_its_own_fault() -> None:
    missing = LogRow("0A000", 'extension "postgis" is not available', "CREATE EXTENSION IF NOT EXISTS postgis;")
    follows = LogRow("42704", 'type "geometry" does not exist', "CREATE TABLE t (a geometry);")
    judged = judge([missing, follows], Known("pg_restore", lacking=("postgis",)))
    assert [found.sandbox for found in judged.failures] == ["the throwaway server has no extension postgis"] * 2
    (full,) = judge([LogRow("53100", "could not extend file", "COPY t FROM stdin;")], ARCHIVE).failures
    assert full.sandbox
    (plain,) = judge([LogRow("42P07", 'relation "t" already exists', "CREATE TABLE t ();")], ARCHIVE).failures
    assert plain.sandbox is None


CLEAN = [
    LogRow("42P01", 'relation "public.tag" does not exist', "ALTER TABLE ONLY public.tag DROP CONSTRAINT tag_pkey;"),
    LogRow("42P01", 'relation "public.tag" does not exist', "ALTER TABLE public.tag ALTER COLUMN id DROP DEFAULT;"),
    LogRow("42704", 'index "tag_name" does not exist', "DROP INDEX public.tag_name;"),
    LogRow("42P01", 'relation "Order Line" does not exist', 'ALTER TABLE ONLY app."Order Line" DROP CONSTRAINT "a b";'),
    LogRow("42883", "function f(integer) does not exist", "DROP FUNCTION public.f(integer);"),
    LogRow("3F000", 'schema "app" does not exist', "DROP SCHEMA app;"),
    LogRow("42704", 'extension "citext" does not exist', "DROP EXTENSION citext;"),
    LogRow("42704", "large object 16401 does not exist", "SELECT pg_catalog.lo_unlink('16401');"),
]


def test_what_clean_drops_from_an_empty_database_is_one_warning() -> None:
    judged = judge(CLEAN, Known("psql", empty_before=True))
    assert not judged.failures
    assert len(judged.warnings) == 1
    assert f"--clean: {len(CLEAN)} DROP statements" in judged.warnings[0]


@pytest.mark.parametrize("row", CLEAN)
def test_what_is_dropped_from_a_database_that_held_something_is_an_error(row: LogRow) -> None:
    assert judge([row], Known("psql")).failures


@pytest.mark.parametrize(
    "row",
    [
        LogRow("2BP01", "cannot drop table t because other objects depend on it", "DROP TABLE public.t;"),
        LogRow("42501", "must be owner of table t", "DROP TABLE public.t;"),
        LogRow("42704", 'role "r" does not exist', "DROP OWNED BY r;"),
        LogRow("42P01", 'relation "t" does not exist', "ALTER TABLE t DROP CONSTRAINT a, ADD COLUMN b integer"),
        LogRow("42703", 'column "a" does not exist', "ALTER TABLE public.t ALTER COLUMN a SET DEFAULT 1;"),
        LogRow("42P01", 'relation "t" does not exist', "ALTER TABLE ONLY public.t ADD CONSTRAINT a PRIMARY KEY (id);"),
    ],
)
def test_a_drop_that_fails_for_another_reason_is_an_error(row: LogRow) -> None:
    assert judge([row], Known("psql", empty_before=True)).failures


OF_LEFT_OUT = [
    LogRow("0A000", 'extension "pg_cron" is not available', "CREATE EXTENSION IF NOT EXISTS pg_cron;"),
    LogRow("42704", 'extension "pg_cron" does not exist', "COMMENT ON EXTENSION pg_cron IS 'x';"),
    LogRow("3F000", 'schema "cron" does not exist', "GRANT USAGE ON SCHEMA cron TO postgres;"),
    LogRow("3F000", "", "GRANT ALL ON FUNCTION cron.schedule(a text) TO p;\nGRANT ALL ON TABLE cron.job TO p;"),
    LogRow("3F000", "", "ALTER DEFAULT PRIVILEGES FOR ROLE a IN SCHEMA cron GRANT ALL ON TABLES TO postgres;"),
    LogRow("42P01", 'relation "cron.job" does not exist', "COPY cron.job (jobid) FROM stdin;"),
    LogRow("42P01", "", "SELECT pg_catalog.setval('cron.jobid_seq', 3, true);"),
]


def test_what_belongs_to_an_extension_that_was_left_out_goes_with_it() -> None:
    judged = judge(OF_LEFT_OUT, Known("psql", left_out=("pg_cron",)))
    assert (judged.failures, judged.warnings) == ((), ())
    assert len(judge(OF_LEFT_OUT, Known("psql", left_out=("pg_net",))).failures) > 3


@pytest.mark.parametrize(
    "row",
    [
        LogRow("3F000", 'schema "cron" does not exist', "CREATE VIEW public.jobs AS SELECT * FROM cron.job;"),
        LogRow("42P01", "", "ALTER TABLE ONLY public.a ADD CONSTRAINT b FOREIGN KEY (c) REFERENCES cron.job(jobid);"),
        LogRow("3F000", "", "GRANT ALL ON TABLE cron.job TO p;\nGRANT ALL ON TABLE app.t TO p;"),
        LogRow("22P02", "", "COPY cron.job (jobid) FROM stdin;"),
        LogRow("42P01", "", "COPY public.cron (id) FROM stdin;"),
    ],
)
def test_what_the_project_built_on_it_is_an_error(row: LogRow) -> None:
    assert judge([row], Known("psql", left_out=("pg_cron",))).failures


def test_an_extension_that_could_not_be_made_without_a_preload() -> None:
    row = LogRow(
        "42704", 'unrecognized configuration parameter "cron.x"', "CREATE EXTENSION pg_cron WITH SCHEMA public;"
    )
    other = LogRow("0A000", "", "CREATE EXTENSION postgis;")
    assert not_made([row, other]) == ("pg_cron",)
