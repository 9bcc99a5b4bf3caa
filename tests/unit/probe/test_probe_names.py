"""Which objects an error is about."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from migsim_probe.names import Names, looked_up, names, statements, target

NOTHING = SimpleNamespace()


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ('CREATE TABLE "app_thing" ("id" bigint)', (None, "app_thing")),
        ("create table if not exists Crm.Thing (id int)", ("crm", "thing")),
        ('CREATE TABLE "crm"."thing" ("id" bigint)', ("crm", "thing")),
        ('CREATE UNIQUE INDEX CONCURRENTLY "i" ON "app_author" ("name")', (None, "app_author")),
        ("CREATE INDEX ON app_author (name)", (None, "app_author")),
        ('ALTER TABLE ONLY "app_author" ADD COLUMN "age" integer', (None, "app_author")),
        ('SET CONSTRAINTS "fk" IMMEDIATE; ALTER TABLE "app_book" DROP CONSTRAINT "fk"', (None, "app_book")),
        ('UPDATE "a" SET x = 1; ALTER TABLE "a" ALTER x SET NOT NULL', (None, "a")),
        ("CREATE TABLE a (x int); CREATE TABLE b (x int)", (None, None)),
        ('-- why\n/* how */ INSERT INTO "a" VALUES (1)', (None, "a")),
        ('SELECT "a"."x" FROM "a" INNER JOIN "b" ON 1 = 1', (None, "a")),
        ("CREATE TRIGGER t BEFORE INSERT ON app_author EXECUTE FUNCTION f()", (None, "app_author")),
        ("CREATE RULE r AS ON INSERT TO app_author DO NOTHING", (None, "app_author")),
        ("SELECT 1/0", (None, None)),
        ('CREATE TABLE "with ""quotes""" (x int)', (None, 'with "quotes"')),
        (f'CREATE TABLE "{"t" * 70}" (x int)', (None, "t" * 63)),
    ],
)
def test_the_table_that_a_statement_works_on(sql: str, found: tuple[str | None, str | None]) -> None:
    assert target(sql) == found


def test_semicolons_inside_quotes_split_nothing() -> None:
    assert len(statements("SELECT ';', $$;$$, \";\" -- ;\n; /* ; */ SELECT 2;")) == 2


@pytest.mark.parametrize(
    ("sqlstate", "message", "sql", "found"),
    [
        (
            "42P07",
            'relation "author_idx" already exists',
            'CREATE INDEX "author_idx" ON "app_author" ("name")',
            Names(relation="author_idx", table_name="app_author"),
        ),
        (
            "42P07",
            'relation "uq" already exists',
            'ALTER TABLE "app_author" ADD CONSTRAINT "uq" UNIQUE ("name")',
            Names(relation="uq", table_name="app_author", constraint_name="uq"),
        ),
        (
            "42701",
            'column "age" of relation "app_author" already exists',
            'ALTER TABLE "crm"."app_author" ADD COLUMN "age" integer',
            Names(relation="app_author", schema_name="crm", table_name="app_author", column_name="age"),
        ),
        (
            "42P01",
            'relation "app_author" does not exist',
            'ALTER TABLE "app_book" ADD CONSTRAINT "fk" FOREIGN KEY ("a") REFERENCES "app_author" ("id")',
            Names(relation="app_author", table_name="app_author"),
        ),
        (
            "42710",
            'constraint "ck" for relation "app_author" already exists',
            'ALTER TABLE "app_author" ADD CONSTRAINT "ck" CHECK (true)',
            Names(relation="app_author", table_name="app_author", constraint_name="ck"),
        ),
        (
            "42501",
            "permission denied for table auth_user",
            'ALTER TABLE "app_book" ADD CONSTRAINT "fk" FOREIGN KEY ("a") REFERENCES "auth_user" ("id")',
            Names(relation="auth_user", table_name="auth_user"),
        ),
        (
            "42501",
            "permission denied for sequence django_migrations_id_seq",
            'INSERT INTO "django_migrations" ("app") VALUES (%s)',
            Names(relation="django_migrations", table_name="django_migrations"),
        ),
        (
            "42703",
            "column app_author.age does not exist",
            'SELECT "app_author"."age" FROM "app_author"',
            Names(relation="app_author", table_name="app_author", column_name="age"),
        ),
        (
            "2BP01",
            "cannot drop table app_author because other objects depend on it",
            None,
            Names(relation="app_author", table_name="app_author"),
        ),
        ("22012", "division by zero", "SELECT 1/0", Names()),
    ],
)
def test_names_come_from_the_sql_and_the_message(sqlstate: str, message: str, sql: str | None, found: Names) -> None:
    assert names(sqlstate, message, sql, NOTHING) == found


def test_the_drivers_own_fields_come_first() -> None:
    fields = SimpleNamespace(schema_name="public", table_name="app_book", column_name="", constraint_name="fk")
    sql = 'ALTER TABLE "other" ADD CONSTRAINT "x" CHECK (true)'
    assert names("23503", "…", sql, fields) == Names("app_book", "public", "app_book", None, "fk")


@pytest.mark.parametrize(
    ("error", "table"),
    [
        (ValueError("Found wrong number (0) of constraints for app_thing(a, b)"), "app_thing"),
        (ValueError("Found wrong number (2) of indexes for app_thing(a, b)."), "app_thing"),
        (ValueError("No index named b on app_thing(a)"), None),
        (KeyError("Found wrong number (0) of constraints for app_thing(a, b)"), None),
    ],
)
def test_what_django_looks_up_by_its_columns_is_looked_up_in_a_table(error: Exception, table: str | None) -> None:
    assert looked_up(error) == Names(relation=table, table_name=table)
