"""Which findings are roots, and what stands in their way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simulator.findings import effects
from simulator.model import Delta, Existing, Failure, Finding, History, MigrationFile, MigrationOperation, Phase, Shape
from simulator.postgres.catalog import Catalog
from tests.support.facts import catalog, column, delta, index, table, unique
from tests.support.situations import assembled

POST, TITLE = table("blog_post"), column("blog_post", "title")
TAG, NAME = table("blog_tag"), column("blog_tag", "name")
SLUG = column("blog_post", "slug", "varchar(40)")
DELTAS = [
    delta("blog.1", POST, TITLE),
    delta("blog.2", TAG, NAME, index("blog_tag", "tag_name", "name")),
    delta("blog.3", SLUG),
]


def failure(migration: str, sqlstate: str | None = "42P07", relation: str | None = None, **more: Any) -> Failure:
    given = {"exception": "E", "message": "m", "phase": Phase.OPERATION, "sql": f"{migration} {relation} {more}"}
    return Failure(**{**given, **more}, migration=migration, sqlstate=sqlstate, relation=relation)


FILES = {
    name: MigrationFile(name, parents=(f"blog.{number}",) if number else ())
    for number, name in enumerate(["blog.1", "blog.2", "blog.3"])
}


def find(
    met: list[Failure],
    standing: Catalog,
    *,
    deltas: Iterable[Delta] = DELTAS,
    pending: tuple[str, ...] = ("blog.1", "blog.2", "blog.3"),
    **more: Any,
) -> tuple[Finding, ...]:
    return assembled(met, standing, pending, **{"files": FILES, "deltas": deltas, **more}).findings


def roots(found: tuple[Finding, ...]) -> list[int]:
    return [one.id for one in found if one.root]


def test_what_one_lost_row_left_is_one_root() -> None:
    standing = catalog(POST, TITLE, TAG, NAME, index("blog_tag", "tag_name", "name"))
    found = find([failure("blog.2", relation="blog_tag"), failure("blog.2", relation="tag_name")], standing)
    assert [(one.root, one.cascade_of) for one in found] == [(True, None), (False, 1)]
    assert found[0].existing is not None
    assert (found[0].existing.kind, found[0].existing.shape) == ("table", Shape.SAME)
    assert found[0].relation_kind == "table"


def test_each_lost_row_is_a_root() -> None:
    standing = catalog(POST, TITLE, SLUG, TAG, NAME, index("blog_tag", "tag_name", "name"))
    slug = failure("blog.3", "42701", "blog_post", column_name="slug")
    found = find([failure("blog.2", relation="blog_tag"), slug], standing)
    assert roots(found) == [1, 2]
    assert found[1].existing is not None
    assert (found[1].existing.kind, found[1].existing.name, found[1].existing.table_name) == (
        "column",
        "slug",
        "blog_post",
    )


def test_a_table_that_holds_more_is_a_superset_and_says_what() -> None:
    standing = catalog(TAG, NAME, index("blog_tag", "tag_name", "name"), column("blog_tag", "comment"))
    standing_there = find([failure("blog.2", relation="blog_tag")], standing)[0].existing
    assert standing_there is not None
    assert (standing_there.shape, standing_there.differences) == (Shape.SUPERSET, ("extra column comment",))


def test_a_view_and_an_index_of_another_table_in_one_migrations_way_are_two_roots() -> None:
    standing = catalog(POST, TITLE, table("blog_tag", "view"), index("blog_post", "tag_name", "title"))
    on_view = failure("blog.2", "42809", "blog_tag", table_name="blog_tag")
    found = find([failure("blog.2", relation="blog_tag"), on_view, failure("blog.2", relation="tag_name")], standing)
    assert [(one.root, one.cascade_of) for one in found] == [(True, None), (False, 1), (True, None)]
    assert [one.existing.shape for one in found if one.root and one.existing] == [Shape.OTHER_KIND, Shape.OTHER_KIND]


def test_a_column_missing_from_a_table_that_differs_follows_from_it() -> None:
    differs = catalog(POST, TITLE, TAG)
    deltas = [*DELTAS, delta("blog.4", column("blog_tag", "name", "integer"), removed=(NAME,))]
    gone = failure("blog.4", "42703", "blog_tag", column_name="name", table_name="blog_tag")
    found = find([failure("blog.2", relation="blog_tag"), gone], differs, deltas=deltas)
    assert [(one.root, one.cascade_of) for one in found] == [(True, None), (False, 1)]


def test_what_an_applied_migration_made_and_is_gone_is_a_root_for_each_column() -> None:
    one = failure("blog.3", "42703", "blog_post", column_name="title", table_name="blog_post")
    other = failure("blog.3", "42703", "blog_post", column_name="body", table_name="blog_post")
    assert roots(find([one, other], catalog(POST), pending=("blog.3",))) == [1, 2]


def test_the_same_thing_in_another_schema_is_not_what_is_in_the_way() -> None:
    elsewhere = table("blog_tag", schema="archive")
    found = find([failure("blog.2", relation="blog_tag")], catalog(elsewhere, TAG, NAME))
    assert found[0].existing is not None
    assert found[0].existing.schema_name == "public"


def test_an_invalid_index_is_a_root_of_its_own() -> None:
    standing = catalog(POST, TITLE, TAG, NAME, index("blog_tag", "tag_name", "name", "INVALID"))
    found = find([failure("blog.2", relation="blog_tag"), failure("blog.2", relation="tag_name")], standing)
    assert roots(found) == [1, 2]
    assert found[1].existing is not None
    assert not found[1].existing.valid


def test_a_constraint_on_other_columns_differs() -> None:
    deltas = [*DELTAS, delta("blog.4", unique("blog_post", "uq", "title"))]
    standing = catalog(POST, TITLE, SLUG, unique("blog_post", "uq", "slug"))
    found = find([failure("blog.4", relation="uq")], standing, deltas=deltas, pending=("blog.4",))
    assert found[0].existing is not None
    assert (found[0].existing.kind, found[0].existing.shape) == ("unique constraint", Shape.DIFFERS)


def test_a_history_that_cannot_be_written_is_one_root_however_many_rows() -> None:
    met = [
        failure(name, "23505", "django_migrations", phase=Phase.RECORD, sql=f"insert {name}")
        for name in ("blog.1", "blog.2")
    ]
    assert [(one.root, one.cascade_of) for one in find(met, catalog())] == [(True, None), (False, 1)]


def test_an_unrecorded_parent_is_the_inconsistent_historys_cascade() -> None:
    plan = failure("", None, None, phase=Phase.PLAN, exception="InconsistentMigrationHistory", sql=None)
    history = History(pending=("blog.1",), applied=("blog.2",))
    met = [plan, failure("blog.1", relation="blog_post")]
    found = find(met, catalog(POST, TITLE, TAG, NAME), pending=("blog.1",), history=history)
    assert [(one.root, one.cascade_of) for one in found] == [(True, None), (False, 1)]


def test_code_that_fails_after_what_it_stands_on_follows_from_it() -> None:
    standing = catalog(POST, TITLE, table("blog_tag", "view"))
    code = failure("blog.3", None, None, exception="KeyError")
    found = find([failure("blog.2", relation="blog_tag"), code], standing)
    assert [(one.root, one.cascade_of) for one in found] == [(True, None), (False, 1)]


def test_a_view_where_a_table_is_altered_stands_in_its_way() -> None:
    wrong = failure("blog.3", "42809", "blog_post", table_name="blog_post")
    found = find([wrong], catalog(table("blog_post", "view")), pending=("blog.3",))
    assert found[0].existing is not None
    assert (found[0].existing.kind, found[0].existing.shape) == ("view", Shape.OTHER_KIND)
    assert find([wrong], catalog(POST, TITLE), pending=("blog.3",))[0].existing is None


def test_a_transaction_that_is_aborted_follows_from_what_aborted_it() -> None:
    met = [failure("blog.3", None, None, exception="ValueError"), failure("blog.3", "25P02", "blog_post")]
    assert [(one.root, one.cascade_of) for one in find(met, catalog(POST))] == [(True, None), (False, 1)]
    waiting = [failure("blog.3", "55006", "blog_post", sql=sql) for sql in ("one", "other")]
    assert roots(find(waiting, catalog(POST))) == [1]


def test_what_code_that_fails_from_nothing_has_not_made_is_no_root() -> None:
    broken = failure("blog.2", None, None, exception="ValueError")
    reference = effects.reference_of(DELTAS[:1], broken)
    unread = failure("", "42P01", "blog_tag", phase=Phase.SMOKE, sql=None)
    met = [broken, failure("blog.3", "42P01", "blog_tag"), unread, failure("blog.3", relation="blog_post")]
    assert roots(find(met, catalog(POST, TITLE), reference=reference)) == [1, 4]


def test_what_a_code_that_passes_no_check_has_not_made_is_no_root() -> None:
    check = failure("", None, None, phase=Phase.CHECK, exception="SystemCheckError")
    reference = effects.reference_of([], check)
    unread = failure("", None, "blog_tag", phase=Phase.SMOKE, sql=None)
    assert roots(find([check, unread], catalog(POST), reference=reference, files={})) == [1]


def test_tables_that_stand_in_another_schema_are_one_root() -> None:
    elsewhere = catalog(POST._replace(schema="app"), TAG._replace(schema="app"))
    unread = [failure("", "42P01", name, phase=Phase.SMOKE, sql=None) for name in ("blog_post", "blog_tag")]
    assert roots(find(unread, elsewhere, pending=("blog.3",))) == [1]


def test_rows_that_a_migration_cannot_take_are_a_root() -> None:
    standing = catalog(POST, TITLE, TAG, NAME)
    nulls = failure("blog.3", "23502", "blog_post", column_name="title")
    assert roots(find([failure("blog.2", relation="blog_tag"), nulls], standing)) == [1, 2]


def test_a_model_that_cannot_be_read_follows_from_the_root_of_its_table() -> None:
    operations = (MigrationOperation("CreateModel", "Create model Tag", table="blog_tag"),)
    files = {"blog.2": MigrationFile("blog.2", operations=operations)}
    unread = failure("", "42703", "blog_tag", phase=Phase.SMOKE, sql=None, column_name="name")
    found = find([failure("blog.2", relation="blog_tag"), unread], catalog(table("blog_tag", "view")), files=files)
    assert [(one.root, one.cascade_of) for one in found] == [(True, None), (False, 1)]


def test_the_plain_rehearsals_failure_is_always_among_them() -> None:
    plain = failure("blog.1", "57014", None, sql=None)
    met = [failure("blog.2", relation="blog_tag")]
    found = find(met, catalog(TAG, NAME), failure=plain)
    assert [one.failure.migration for one in found] == ["blog.1", "blog.2"]


def test_without_a_reference_nothing_is_compared() -> None:
    broken = effects.reference_of(DELTAS, failure("blog.2"))
    found = find([failure("blog.2", relation="blog_tag")], catalog(TAG), reference=broken)
    assert found[0].existing is not None
    assert found[0].existing.shape is None


def test_what_belongs_to_an_extension_holds_its_name_though_no_catalog_tells_it() -> None:
    held = {"tag_name": Existing("view", "tag_name", "public", extension="pg_buffercache")}
    found = find([failure("blog.2", relation="tag_name")], catalog(POST, TITLE), held=held)
    assert found[0].existing is not None
    assert (found[0].existing.shape, found[0].existing.differences) == (
        Shape.OTHER_KIND,
        ("it belongs to the extension pg_buffercache",),
    )
    other = find([failure("blog.2", "42710", "tag_name")], catalog(POST, TITLE), held=held)
    assert other[0].existing is None
