"""What is the same, more, different or of another kind."""

from __future__ import annotations

import pytest

from simulator.model import Fact, Shape
from simulator.postgres import shape
from simulator.postgres.catalog import Catalog
from simulator.postgres.definition import alike, expression


def relation(kind: str = "table", name: str = "blog_post", definition: str = "") -> Fact:
    return Fact("relation", "public", name, "", (kind, definition))


def column(name: str, kind: str = "integer", null: str = "NOT NULL", *more: str, on: str = "blog_post") -> Fact:
    return Fact("column", "public", on, name, (*(kind, null, *more), "", "", "", "")[:6])


def constraint(name: str, kind: str, text: str, valid: str = "VALID", on: str = "blog_post") -> Fact:
    return Fact("constraint", "public", on, name, (kind, text, valid))


def index(name: str, what: str, valid: str = "VALID", on: str = "blog_post", unique: str = "") -> Fact:
    return Fact("index", "public", on, name, (f"CREATE {unique}INDEX ON public.{on} USING btree ({what})", valid))


POST = (
    relation(),
    column("id", "bigint", "NOT NULL", "", "auto"),
    column("title", "character varying(64)"),
    constraint("blog_post_pkey", "primary key", "PRIMARY KEY (id)"),
    constraint("blog_post_title_key", "unique", "UNIQUE (title)"),
    index("blog_post_title_1234", "title varchar_pattern_ops"),
)


def with_(*facts: Fact, without: tuple[str, ...] = ()) -> Catalog:
    """The post's table, with these in the place of what has their names, or beside it."""
    changed = {(fact.kind, fact.name) for fact in facts}
    kept = [fact for fact in POST if (fact.kind, fact.name) not in changed and fact.name not in without]
    return Catalog(frozenset((*kept, *facts)))


def compared(standing: Catalog) -> shape.Comparison:
    return shape.compare(standing, Catalog(frozenset(POST)), "public", "blog_post")


def test_the_same() -> None:
    assert compared(with_()) == (Shape.SAME, (), ())


def test_other_names_of_constraints_and_indexes_are_benign() -> None:
    standing = with_(
        constraint("uq", "unique", "UNIQUE (title)"),
        index("ix", "title varchar_pattern_ops"),
        without=("blog_post_title_key", "blog_post_title_1234"),
    )
    assert compared(standing) == (
        Shape.SAME,
        (),
        (
            "constraint UNIQUE (title) is named uq, not blog_post_title_key",
            "index btree (title varchar_pattern_ops) is named ix, not blog_post_title_1234",
        ),
    )


def test_everything_and_more_is_a_superset() -> None:
    standing = with_(
        column("comment", "text", "NULL"),
        column("legacy", "integer"),
        index("legacy_ix", "comment"),
        constraint("c", "check", "CHECK ((id > 0))"),
    )
    assert compared(standing) == (
        Shape.SUPERSET,
        (
            "extra column comment",
            "extra column legacy: NOT NULL without a default",
            "extra constraint CHECK ((id > 0))",
            "extra index btree (comment)",
        ),
        (),
    )


@pytest.mark.parametrize(
    ("standing", "differences"),
    [
        (with_(without=("title",)), ("column title: missing",)),
        (
            with_(column("title", "character varying(32)", "NULL")),
            (
                "column title: varchar(32), the migration makes varchar(64)",
                "column title: NULL allowed, the migration makes NOT NULL",
            ),
        ),
        (
            with_(column("title", "character varying(64)", "NOT NULL", "'x'::character varying")),
            ("column title: default 'x'::character varying, the migration makes no default",),
        ),
        (with_(column("id", "bigint")), ("column id: not numbered, the migration makes numbers itself",)),
        (
            with_(column("title", "character varying(64)", "NOT NULL", "", "", "", '"C"')),
            ('column title: collation "C", the migration makes the type\'s collation',),
        ),
        (with_(without=("blog_post_title_key",)), ("constraint UNIQUE (title): missing",)),
        (with_(without=("blog_post_title_1234",)), ("index btree (title varchar_pattern_ops): missing",)),
        (
            with_(constraint("blog_post_title_key", "unique", "UNIQUE (id, title)")),
            ("constraint UNIQUE (title): UNIQUE (id, title), the migration makes UNIQUE (title)",),
        ),
        (
            with_(index("blog_post_title_1234", "title varchar_pattern_ops", "INVALID")),
            ("index btree (title varchar_pattern_ops): INVALID",),
        ),
        (
            with_(index("other_name", "title varchar_pattern_ops", "INVALID"), without=("blog_post_title_1234",)),
            ("index btree (title varchar_pattern_ops): INVALID",),
        ),
        (
            with_(constraint("blog_post_title_key", "unique", "UNIQUE (title)", "NOT VALID")),
            ("constraint UNIQUE (title): NOT VALID",),
        ),
    ],
)
def test_what_differs_is_said_in_few_words(standing: Catalog, differences: tuple[str, ...]) -> None:
    assert compared(standing) == (Shape.DIFFERS, differences, ())


def test_a_table_that_lacks_something_tells_what_it_has_too_much_as_well() -> None:
    standing = with_(column("total"), without=("title",))
    assert compared(standing).differences == (
        "column title: missing",
        "extra column total: NOT NULL without a default",
    )


@pytest.mark.parametrize("kind", ["view", "partitioned table", "partition", "foreign table", "sequence"])
def test_another_kind_of_relation(kind: str) -> None:
    standing = Catalog(frozenset({relation(kind)}))
    assert compared(standing) == (Shape.OTHER_KIND, (f"a {kind}, the migration makes a table",), ())


def test_a_relation_that_is_not_there_or_not_made() -> None:
    assert compared(Catalog()) == (Shape.DIFFERS, ("missing",), ())
    made = shape.compare(with_(), Catalog(), "public", "blog_post")
    assert made == (Shape.OTHER_KIND, ("the migration makes no relation blog_post",), ())


INDEX = index("ix", "title")


@pytest.mark.parametrize(
    ("standing", "wanted", "expected"),
    [
        (None, INDEX, (Shape.DIFFERS, ("missing",))),
        (INDEX, INDEX, (Shape.SAME, ())),
        (index("ix", "id"), INDEX, (Shape.DIFFERS, ("btree (id), the migration makes btree (title)",))),
        (
            index("ix", "title", unique="UNIQUE "),
            INDEX,
            (Shape.DIFFERS, ("unique btree (title), the migration makes btree (title)",)),
        ),
        (index("ix", "title", "INVALID"), INDEX, (Shape.DIFFERS, ("INVALID",))),
        (
            index("ix", "title", on="blog_tag"),
            INDEX,
            (Shape.OTHER_KIND, ("on blog_tag, the migration makes it on blog_post",)),
        ),
        (relation(name="ix"), INDEX, (Shape.OTHER_KIND, ("a table, the migration makes an index",))),
        (
            constraint("ix", "unique", "UNIQUE (title)"),
            INDEX,
            (Shape.OTHER_KIND, ("a unique constraint, the migration makes an index",)),
        ),
        (
            constraint("ck", "check", "CHECK ((id > 0))"),
            constraint("ck", "unique", "UNIQUE (id)"),
            (Shape.DIFFERS, ("CHECK ((id > 0)), the migration makes UNIQUE (id)",)),
        ),
        (
            Fact("type", "public", "", "blog_post", ("enum", "a", "b")),
            relation(),
            (Shape.OTHER_KIND, ("an enum, the migration makes a table",)),
        ),
        (
            Fact("type", "public", "", "mood", ("enum", "a", "new", "b")),
            Fact("type", "public", "", "mood", ("enum", "a", "b")),
            (Shape.SUPERSET, ("extra label new",)),
        ),
        (
            Fact("type", "public", "", "mood", ("enum", "b", "a")),
            Fact("type", "public", "", "mood", ("enum", "a", "b")),
            (Shape.DIFFERS, ("b, a, the migration makes a, b",)),
        ),
        (
            relation("view", definition="SELECT 1"),
            relation("view", definition="SELECT 2"),
            (Shape.DIFFERS, ("defined otherwise",)),
        ),
        (
            column("n", "integer", "NULL"),
            column("n", "bigint", "NULL"),
            (Shape.DIFFERS, ("integer, the migration makes bigint",)),
        ),
    ],
)
def test_one_thing_by_itself(standing: Fact | None, wanted: Fact, expected: tuple[Shape, tuple[str, ...]]) -> None:
    assert shape.compare_one(standing, wanted)[:2] == expected


def test_the_same_thing_under_another_name() -> None:
    standing = Catalog(frozenset({index("old", "title"), index("other", "id"), index("far", "title", on="blog_tag")}))
    assert shape.same_thing_elsewhere(INDEX, standing) == index("old", "title")
    assert shape.same_thing_elsewhere(index("old", "title"), standing) is None
    assert shape.same_thing_elsewhere(column("title"), Catalog(frozenset({column("name")}))) is None


def test_missing_and_extra_count_equal_definitions() -> None:
    one, two, three = index("a", "title"), index("b", "title"), index("c", "title")
    assert shape.missing({one, two}, {three}) == {two}
    assert shape.extra({one}, {one, three}) == {three}
    assert shape.missing({one}, {three}) == shape.extra({one}, {three}) == frozenset()
    assert shape.missing({two}, {one, two}) == frozenset()
    assert shape.extra({two}, {one, two}) == {one}


def test_missing_goes_by_name_for_what_is_asked_for_by_name() -> None:
    assert shape.missing({column("title")}, {column("name")}) == {column("title")}
    assert shape.missing({column("n", "bigint")}, {column("n", "integer")}) == {column("n", "bigint")}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "CHECK (((status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))",
            "CHECK (((status)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text])))",
        ),
        ("(lower((name)::text))", "lower(name)"),
        ("'it''s'::character varying", "'it''s'::text"),
        ("((a.b)::text = 'x'::text)", "(a.b = 'x')"),
        ("SELECT a\n  FROM t", "SELECT a FROM t"),
    ],
)
def test_texts_that_mean_the_same(one: str, other: str) -> None:
    assert expression(one) == expression(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("((a OR b) AND c)", "(a OR (b AND c))"),
        ("(a - (b - c))", "((a - b) - c)"),
        ("'A'::text", "'a'::text"),
        ("'x(y)'", "'x y'"),
        ("'abc'::character varying(2)", "'abc'::character varying"),
        ("(n)::integer", "n"),
        ('"A"', "a"),
        ("btree (a, b)", "btree (b, a)"),
        ("lower(a)", "lower"),
        ("'a  b'", "'a b'"),
    ],
)
def test_texts_that_mean_something_else(one: str, other: str) -> None:
    assert expression(one) != expression(other)


def test_a_default_that_went_through_a_dump() -> None:
    one = column("n", "text", "NOT NULL", "'x'::text")
    other = column("n", "text", "NOT NULL", "('x'::character varying)::text")
    assert alike(one, other)
    assert shape.compare_one(other, one) == (Shape.SAME, (), ("column n is written another way",))
