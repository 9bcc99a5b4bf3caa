"""Which statements have no other effect than one that the catalog shows."""

from __future__ import annotations

import pytest

from simulator.model import Fact
from simulator.postgres.ddl.shown import is_shown
from tests.support.facts import column, index, table

FACTS = (
    table("t"),
    table("Odd Name", schema="other"),
    table("v", "view"),
    table("s", "sequence"),
    column("t", "c"),
    index("t", "t_c", "c"),
    Fact("constraint", "public", "t", "c_positive", ("check", "CHECK (c > 0)", "VALID")),
    Fact("trigger", "public", "t", "t_touch", ("CREATE TRIGGER …",)),
    Fact("policy", "public", "t", "own_rows", ()),
    Fact("type", "public", "", "mood", ("enum", "sad", "glad")),
    Fact("function", "public", "", '"f"(integer)', ("function", "md5")),
    Fact("function", "public", "", "touch()", ("function", "md5")),
    Fact("extension", "", "", "pg_trgm", ()),
    Fact("schema", "other", "", "", ()),
)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE t (a int, b int DEFAULT 1)",
        "create table if not exists public.t (a int);",
        'CREATE TABLE other."Odd Name" (a int)',
        "CREATE UNIQUE INDEX CONCURRENTLY t_c ON ONLY t (c) WHERE c > 0",
        "CREATE INDEX t_c ON public.t USING gin (c, (lower(c)))",
        "CREATE OR REPLACE VIEW v AS SELECT 1 AS a, 2 AS b",
        "CREATE SEQUENCE s START 5",
        "CREATE TYPE mood AS ENUM ('sad', 'glad')",
        "ALTER TYPE mood ADD VALUE 'glad'",
        "CREATE FUNCTION f(a integer) RETURNS int LANGUAGE sql AS $$ SELECT 1, 2 $$",
        "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE t SET c = 1; END $$",
        "CREATE TRIGGER t_touch BEFORE UPDATE OR INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch()",
        "CREATE POLICY own_rows ON t USING (true)",
        "CREATE EXTENSION IF NOT EXISTS pg_trgm",
        "CREATE SCHEMA other",
        "DROP TABLE IF EXISTS t CASCADE",
        "DROP VIEW v",
        "DROP INDEX CONCURRENTLY t_c",
        "DROP TRIGGER t_touch ON t",
        "ALTER TABLE ONLY public.t ADD CONSTRAINT c_positive CHECK (c > 0) NOT VALID",
        "ALTER TABLE t VALIDATE CONSTRAINT c_positive",
        "ALTER TABLE t DROP CONSTRAINT IF EXISTS c_positive",
        "ALTER TABLE t ADD COLUMN c numeric(10, 2)",
        "ALTER TABLE t DROP c",
        "ALTER TABLE t ALTER c SET NOT NULL",
        "ALTER TABLE t ALTER COLUMN c SET DEFAULT 'a, b'",
        "ALTER TABLE t ALTER c TYPE bigint",
    ],
)
def test_what_a_fact_shows_whole(statement: str) -> None:
    assert is_shown(statement, FACTS)
    assert not is_shown(statement, ())


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO t VALUES (1)",
        "UPDATE t SET c = 1",
        "SELECT setval('s', 5)",
        "CREATE TABLE t (a) AS SELECT 1",
        "CREATE TABLE t AS TABLE u",
        "CREATE TEMP TABLE t (a int)",
        "CREATE MATERIALIZED VIEW v AS SELECT 1",
        "CREATE SCHEMA other CREATE TABLE t (a int)",
        "ALTER TABLE t ADD COLUMN c int DEFAULT 7",  # fills the rows that were there
        "ALTER TABLE t ALTER c TYPE int USING length(c)",
        "ALTER TABLE t ADD COLUMN c int, ADD COLUMN d int",
        "ALTER TABLE t RENAME COLUMN c TO d",
        "ALTER TABLE t OWNER TO app",
        "ALTER TABLE t SET (fillfactor = 70)",
        "ALTER TABLE t ALTER c SET STATISTICS 100",
        "ALTER SEQUENCE s RESTART WITH 5",
        "DROP TABLE t, u",
        "GRANT SELECT ON t TO reader",
        "COMMENT ON TABLE t IS 'x'",
        "SET search_path TO public",
        "DO $$ BEGIN UPDATE t SET c = 1; END $$",
        "CREATE INDEX other ON t (c)",
        "CREATE INDEX t_c ON u (c)",
        "CREATE TABLE wrong.t (a int)",
        "",
    ],
)
def test_what_no_fact_shows_or_not_whole(statement: str) -> None:
    assert not is_shown(statement, FACTS)
