"""Names, and what is refused, without a server. ``tests/engines/comparing`` runs the statements."""

from __future__ import annotations

import pytest

from simulator.model import Fact
from simulator.postgres import ddl
from simulator.postgres.catalog import Catalog


def column(name: str, kind: str, null: str = "NULL", auto: str = "", schema: str = "public") -> Fact:
    return Fact("column", schema, "t", name, (kind, null, "", auto, "", ""))


def tables(*columns: Fact) -> Catalog:
    return Catalog(frozenset((Fact("relation", columns[0].schema, "t", "", ("table", "")), *columns)))


def altered(here: Fact, there: Fact) -> ddl.Change:
    return ddl.alter(tables(here), tables(there), here.schema, "t")


def test_names_are_quoted_and_qualified_where_they_need_it() -> None:
    assert ddl.qualified("public", "Post") == '"Post"'
    assert ddl.qualified("Old Shop", 'a"b') == '"Old Shop"."a""b"'
    assert altered(column("n", "integer", schema="x"), column("n", "bigint", schema="x")).statements == (
        'ALTER TABLE "x"."t" ALTER COLUMN "n" TYPE bigint',
    )


@pytest.mark.parametrize(
    ("old", "new", "using"),
    [
        ("character varying(8)", "character varying(64)", ""),  # no rewrite, no lock for long
        ("text", "character varying(8)", ""),
        ("text", "character(8)", ""),
        ("uuid", "text", ""),
        ("character varying(8)[]", "text[]", ""),
        ("numeric(8,2)", "numeric(10,2)", ""),
        ("bigint", "integer", ""),
        ("integer", "numeric(8,2)", ""),
        ("date", "timestamp without time zone", ""),
        ("json", "jsonb", ""),
        ("text", "numeric(8,2)", "numeric"),
        ("text", "uuid", "uuid"),
        ("text", "public.mood", "public.mood"),
        ("text", "text[]", "text[]"),
        ("boolean", "integer", "integer"),
        ("character varying(8)", "date", "date"),
    ],
)
def test_a_cast_only_where_the_server_assigns_nothing_and_never_to_a_length(old: str, new: str, using: str) -> None:
    (statement,) = altered(column("n", old), column("n", new)).statements
    assert statement == f'ALTER TABLE "t" ALTER COLUMN "n" TYPE {new}' + (f' USING "n"::{using}' if using else "")


@pytest.mark.parametrize(
    ("old", "new", "cuts"),
    [
        ("numeric(10,2)", "numeric(12,2)", False),
        ("numeric(10,2)", "numeric(8,2)", False),  # too large a value is an error
        ("numeric(10,2)", "numeric", False),
        ("numeric(10)", "numeric(10,2)", False),
        ("numeric(10,2)", "numeric(10)", True),
        ("numeric", "numeric(10,2)", True),
        ("double precision", "numeric(10,2)", True),
        ("double precision", "real", True),
        ("real", "double precision", False),
        ("double precision", "bigint", True),
        ("bigint", "integer", False),
        ("integer", "numeric(8,2)", False),
        ("integer", "boolean", True),
        ("boolean", "integer", False),
        ("timestamp with time zone", "date", True),
        ("timestamp with time zone", "time without time zone", True),
        ("timestamp with time zone", "timestamp(0) with time zone", True),
        ("timestamp(3) with time zone", "timestamp without time zone", True),  # by the session's zone
        ("date", "timestamp with time zone", True),
        ("date", "timestamp without time zone", False),
        ("time with time zone", "time without time zone", True),
        ("timestamp(3) with time zone", "timestamp(6) with time zone", False),
        ("bigint", "double precision", True),
        ("integer", "double precision", False),
        ("numeric(12,2)", "double precision", False),
        ("numeric(20,2)", "double precision", True),
        ("json", "jsonb", False),
        ("text", "date", False),
    ],
)
def test_what_the_server_would_cut_in_silence(old: str, new: str, cuts: bool) -> None:
    change = altered(column("n", old), column("n", new))
    assert bool(change.impossible) == cuts
    assert bool(change.statements) != cuts


def test_a_relation_that_is_not_wanted_is_left_alone() -> None:
    assert ddl.alter(tables(column("n", "text")), Catalog(), "public", "t") == ddl.Change()


def test_a_missing_relation_brings_its_schema_and_types() -> None:
    mood = Fact("type", "public", "", "mood", ("enum", "it's"))
    other = Fact("type", "public", "", "other", ("enum", "a"))
    schema = Fact("schema", "x", "", "x", ())
    wanted = Catalog(tables(column("n", "public.mood[]", schema="x")).facts | {mood, other, schema})
    assert ddl.alter(Catalog(), wanted, "x", "t").statements == (
        'CREATE SCHEMA "x"',
        "CREATE TYPE \"mood\" AS ENUM ('it''s')",
        'CREATE TABLE "x"."t" (\n    "n" public.mood[]\n)',
    )
    assert ddl.alter(Catalog(frozenset({mood, schema})), wanted, "x", "t").before == ()


def test_what_holds_rows_is_never_dropped() -> None:
    for kind in ("table", "partitioned table", "partition", "foreign table"):
        assert ddl.drop(Fact("relation", "public", "t", "", (kind, ""))) is None
    assert ddl.drop(column("n", "text")) is None
    assert ddl.drop(Fact("function", "x", "", 'f("X" integer)', ("function", ""))) == 'DROP ROUTINE "x".f("X" integer)'


def test_what_can_not_be_made_is_said() -> None:
    function = Fact("function", "public", "", "f()", ("function", "md5"))
    foreign = Fact("relation", "public", "t", "", ("foreign table", "server"))
    assert ddl.create({function, foreign}).impossible == (
        "function f(): its source is not known",
        "a foreign table can't be made from what the catalog says",
    )


def test_views_that_select_from_each_other_come_in_order() -> None:
    first = Fact("relation", "public", "b", "", ("view", "SELECT 1 AS n;"))
    second = Fact("relation", "public", "a", "", ("view", " SELECT n FROM public.b;"))
    assert ddl.create({first, second}).statements == (
        'CREATE VIEW "b" AS SELECT 1 AS n',
        'CREATE VIEW "a" AS SELECT n FROM public.b',
    )


POSTS = Fact("relation", "public", "blog_post", "", ("table", ""))


def keeps_apart(name: str) -> Fact:
    return Fact("constraint", "public", "blog_post", name, ("unique", "UNIQUE (a, b)", "VALID"))


def test_a_unique_index_becomes_the_constraint_that_is_wanted() -> None:
    index_ = Fact(
        "index", "public", "blog_post", "idx_1", ("CREATE UNIQUE INDEX ON public.blog_post USING btree (a, b)", "VALID")
    )
    wanted = Catalog(frozenset({POSTS, keeps_apart("blog_post_a_b_uniq")}))
    change = ddl.alter(Catalog(frozenset({POSTS, index_})), wanted, "public", "blog_post")
    assert change.statements == (
        'ALTER TABLE "blog_post" ADD CONSTRAINT "blog_post_a_b_uniq" UNIQUE USING INDEX "idx_1"',
    )


@pytest.mark.parametrize(
    ("definition", "valid"),
    [
        ("CREATE UNIQUE INDEX ON public.blog_post USING btree (a)", "VALID"),
        ("CREATE UNIQUE INDEX ON public.blog_post USING btree (a, b) WHERE (c > 1)", "VALID"),
        ("CREATE UNIQUE INDEX ON public.blog_post USING btree (a, lower(b))", "VALID"),
        ("CREATE UNIQUE INDEX ON public.blog_post USING btree (a, b DESC)", "VALID"),
        ("CREATE UNIQUE INDEX ON public.blog_post USING btree (a, b)", "INVALID"),
        ("CREATE INDEX ON public.blog_post USING btree (a, b)", "VALID"),
    ],
)
def test_an_index_that_keeps_other_rows_apart_does_not(definition: str, valid: str) -> None:
    index_ = Fact("index", "public", "blog_post", "idx_1", (definition, valid))
    wanted = Catalog(frozenset({POSTS, keeps_apart("u")}))
    change = ddl.alter(Catalog(frozenset({POSTS, index_})), wanted, "public", "blog_post")
    assert change.statements == ('ALTER TABLE "blog_post" ADD CONSTRAINT "u" UNIQUE (a, b)',)


@pytest.mark.parametrize(
    ("statement", "beside"),
    [
        ('CREATE INDEX "i" ON "order" ("note")', ['CREATE INDEX CONCURRENTLY "i" ON "order" ("note")']),
        ("CREATE UNIQUE INDEX i ON x.y (a)", ["CREATE UNIQUE INDEX CONCURRENTLY i ON x.y (a)"]),
        (
            'ALTER TABLE "order" ADD CONSTRAINT "u" UNIQUE ("a", "b") DEFERRABLE INITIALLY DEFERRED',
            [
                'CREATE UNIQUE INDEX CONCURRENTLY "u" ON "order" ("a", "b")',
                'ALTER TABLE "order" ADD CONSTRAINT "u" UNIQUE USING INDEX "u" DEFERRABLE INITIALLY DEFERRED',
            ],
        ),
        *(
            (text, [text])
            for text in (
                'CREATE INDEX "i" ON "small" ("note")',
                'CREATE INDEX "i" ON "x"."order" ("note")',
                'CREATE INDEX CONCURRENTLY "i" ON "order" ("note")',
                'ALTER TABLE "order" ADD CONSTRAINT "p" PRIMARY KEY ("a")',
                'ALTER TABLE "order" ADD CONSTRAINT "u" UNIQUE NULLS NOT DISTINCT ("a")',
                'ALTER TABLE "order" ADD COLUMN "a" integer UNIQUE',
            )
        ),
    ],
)
def test_an_index_on_a_large_table_is_built_beside_its_writers(statement: str, beside: list[str]) -> None:
    assert list(ddl.concurrently([statement], {"public.order", "x.y"})) == beside
