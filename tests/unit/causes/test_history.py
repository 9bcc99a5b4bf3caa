"""Causes that lie in django_migrations: rows that are lost, never written, or can't be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from simulator.findings.situation import HistoryTable
from simulator.model import Phase
from tests.support.facts import column, delta, index, table
from tests.support.situations import (
    FILES,
    INITIAL,
    POSTS,
    SLUG,
    SLUG_EXISTS,
    SLUGS,
    TAG,
    TAG_DEFERRED,
    TAG_EXISTS,
    TAGS,
    broken,
    cause,
    failure,
    file,
    history,
    named,
)

WHOLE = (*POSTS, *TAGS)
BOTH = frozenset({"blog.post", "blog.tag"})
POST_ONLY = frozenset({"blog.post"})


# --- lost-record ---------------------------------------------------------------------------------


def test_an_id_without_a_row_and_a_content_type_prove_that_a_row_was_deleted() -> None:
    found = cause(TAG_EXISTS, TAG_DEFERRED, standing=WHOLE, table=history(INITIAL, gap=1), content_types=BOTH)
    assert (found.id, found.confidence) == ("lost-record", "certain")
    assert found.evidence == (
        "django_migrations has no row for blog.0002_tag",
        "the id sequence of django_migrations is at 2, the highest id is 1",
        "django_content_type has blog.tag, so a migrate once ran to its end with it",
        "everything that blog.0002_tag makes stands there: 1 table, 2 columns, 2 constraints, 1 index",
    )


@pytest.mark.parametrize(
    ("gap", "types", "expected"),
    [
        (0, BOTH, ("lost-record", "likely")),  # numbered anew since
        (1, None, ("lost-record", "likely")),  # no content types in this project
        (1, POST_ONLY, ("lost-record", "possible")),  # recorded by --fake, perhaps
        (0, POST_ONLY, ("record-interrupted", "likely")),
        (0, None, ("record-interrupted", "likely")),
    ],
)
def test_what_the_numbers_and_the_content_types_say(
    gap: int, types: frozenset[str] | None, expected: tuple[str, str]
) -> None:
    table = history(INITIAL, gap=gap)
    assert named(TAG_EXISTS, TAG_DEFERRED, standing=WHOLE, table=table, content_types=types) == expected


def test_a_hole_among_the_ids_is_named() -> None:
    rows = history(INITIAL, "auth.0001_initial", "auth.0002_x").rows
    table = HistoryTable(kind="table", rows=(rows[0], rows[2]), next_id=4)
    found = cause(TAG_EXISTS, TAG_DEFERRED, standing=WHOLE, table=table, content_types=BOTH)
    assert found.evidence[1] == "the id sequence of django_migrations is at 3, and no row has id 2"


def test_a_column_whose_row_is_lost() -> None:
    table = history(INITIAL, TAG, gap=1)
    assert named(SLUG_EXISTS, standing=(*WHOLE, *SLUGS), applied=(INITIAL, TAG), table=table) == (
        "lost-record",
        "likely",
    )


def test_a_column_that_is_gone_already_may_be_a_lost_row_too() -> None:
    gone = failure(SLUG, "42703", "blog_post", column_name="title", operation="Add field slug to post")
    deltas = (delta(INITIAL, *POSTS), delta(TAG, *TAGS), delta(SLUG, removed=(POSTS[2],)))
    standing = [fact for fact in WHOLE if fact != POSTS[2]]
    more: dict[str, Any] = {"standing": standing, "deltas": deltas, "applied": (INITIAL, TAG)}
    assert named(gone, **more, table=history(INITIAL, TAG, gap=1)) == ("lost-record", "likely")
    assert named(gone, **more)[0] == "missing-column"


def test_a_table_that_lacks_something_since_was_still_made_by_django() -> None:
    lacking = [fact for fact in WHOLE if fact.name != "name"]
    table = history(INITIAL, gap=1)
    assert named(TAG_EXISTS, standing=lacking, table=table, content_types=BOTH) == ("lost-record", "likely")
    assert named(TAG_EXISTS, standing=lacking, table=table, content_types=POST_ONLY)[0] == "made-by-hand"


def test_who_does_not_know_the_numbers_is_not_sure() -> None:
    unknown = history(INITIAL, next_id=None, sequence=None)
    standing = (*POSTS, *TAGS)
    assert named(TAG_EXISTS, TAG_DEFERRED, standing=standing, table=unknown) == ("lost-record", "possible")


# --- record-interrupted --------------------------------------------------------------------------


def test_a_migration_without_statements_at_its_end_records_itself_with_its_changes() -> None:
    plain = [fact for fact in WHOLE if fact.kind != "index"]
    assert named(TAG_EXISTS, standing=plain, content_types=POST_ONLY)[0] == "made-by-hand"


def test_only_one_migration_can_have_been_ended() -> None:
    files = (*FILES[:2], file("shop.0001_initial", replace(FILES[1].operations[0], model="shop.cart")))
    cart = table("shop_cart")
    deltas = (delta(INITIAL, *POSTS), delta(TAG, *TAGS), delta("shop.0001_initial", cart))
    more: dict[str, Any] = {"files": files, "deltas": deltas, "standing": (*WHOLE, cart), "content_types": POST_ONLY}
    assert named(TAG_EXISTS, TAG_DEFERRED, **more) == ("lost-record", "possible")
    more["standing"] = WHOLE
    assert named(TAG_EXISTS, TAG_DEFERRED, **more)[0] == "record-interrupted"


# --- history-cannot-record -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (history(INITIAL, next_id=1), "the id sequence of django_migrations gives 1 next, the highest id is 1"),
        (
            history(INITIAL, identity=False, next_id=None),
            "the id of django_migrations is no identity and has no default",
        ),
        (history(INITIAL, may_insert=False), "app may not write a row of django_migrations, or not use its sequence"),
    ],
)
def test_what_keeps_rows_from_being_written(table: HistoryTable, said: str) -> None:
    found = cause(TAG_EXISTS, TAG_DEFERRED, standing=WHOLE, table=table, content_types=POST_ONLY)
    assert (found.id, found.confidence, found.evidence[0]) == ("history-cannot-record", "certain", said)
    recording = failure(TAG, "23505", "django_migrations", phase=Phase.RECORD)
    assert named(recording, table=table) == ("history-cannot-record", "certain")


def test_writing_a_row_failed_and_nobody_knows_why() -> None:
    recording = failure(TAG, "42501", "django_migrations", phase=Phase.RECORD)
    assert named(recording) == ("history-cannot-record", "likely")


def test_broken_numbers_do_not_explain_what_a_migration_did_not_make() -> None:
    other = (*POSTS, table("blog_tag"), column("blog_tag", "code"))
    assert named(TAG_EXISTS, standing=other, table=history(INITIAL, next_id=1))[0] == "made-by-hand"


# --- history-missing -----------------------------------------------------------------------------

POST_EXISTS = failure(INITIAL, relation="blog_post", operation="Create model Post")
ALL = (*WHOLE, *SLUGS)


def test_no_table_at_all() -> None:
    found = cause(POST_EXISTS, TAG_EXISTS, standing=ALL, applied=(), table=HistoryTable(), content_types=BOTH)
    assert (found.id, found.confidence) == ("history-missing", "certain")
    assert found.evidence == (
        "there is no django_migrations",
        "3 migrations made what stands there",
        "django_content_type is there",
    )


def test_a_database_that_django_never_saw_has_no_history_either() -> None:
    legacy = (table("blog_post"), column("blog_post", "title"), index("blog_post", "by_title", "title"))
    more: dict[str, Any] = {"applied": (), "table": HistoryTable(owner="app"), "owners": {"public.blog_post": "crm"}}
    assert named(POST_EXISTS, standing=legacy, **more)[0] == "made-by-hand"


def test_a_table_without_rows() -> None:
    empty = history(gap=3)
    found = cause(POST_EXISTS, TAG_EXISTS, standing=ALL, applied=(), table=empty)
    assert (found.id, found.confidence, found.evidence[0]) == (
        "history-missing",
        "certain",
        "django_migrations has no row at all",
    )


def test_one_row_that_was_the_only_one_is_a_lost_row() -> None:
    found = named(POST_EXISTS, standing=POSTS, applied=(), files=FILES[:1], table=history(gap=1))
    assert found == ("lost-record", "likely")


def test_an_apps_rows_are_all_missing() -> None:
    rows = history("auth.0001_initial", "auth.0002_x")
    more: dict[str, Any] = {"standing": ALL, "applied": (), "table": rows}
    found = cause(POST_EXISTS, TAG_EXISTS, **more, content_types=BOTH)
    assert (found.id, found.confidence) == ("history-missing", "certain")
    assert found.evidence[:2] == (
        "django_migrations has no row of blog",
        "3 migrations of blog made what stands there",
    )
    assert named(POST_EXISTS, TAG_EXISTS, **more) == ("history-missing", "likely")


def test_an_app_that_has_a_row_is_not_missing_its_history() -> None:
    assert named(TAG_EXISTS, SLUG_EXISTS, standing=ALL, content_types=BOTH, table=history(INITIAL, gap=2)) == (
        "lost-record",
        "certain",
    )


# --- history-not-a-table, inconsistent-history ---------------------------------------------------


def test_a_view_is_called_django_migrations() -> None:
    exists = failure(None, relation="django_migrations", phase=Phase.RECORD)
    view = HistoryTable(kind="view", schema_name="public", elsewhere=("archive",))
    found = cause(exists, applied=(), table=view)
    assert (found.id, found.confidence) == ("history-not-a-table", "certain")
    assert found.evidence == (
        "public.django_migrations is a view, which Django does not take for its table",
        "there is a django_migrations in archive too",
    )
    assert named(exists, applied=(), table=history())[0] == "unexplained"


def test_a_view_that_was_moved_aside_since_is_known_by_what_was_in_the_way() -> None:
    exists = failure(None, relation="django_migrations", phase=Phase.RECORD)
    standing = (*POSTS, table("django_migrations", "view"))
    assert named(exists, standing=standing, applied=(), table=HistoryTable())[0] == "history-not-a-table"


INCONSISTENT = failure(
    None, None, exception="django.db.migrations.exceptions.InconsistentMigrationHistory", phase=Phase.PLAN
)


def test_a_child_is_recorded_and_its_parent_is_not() -> None:
    found = cause(INCONSISTENT, applied=(INITIAL, SLUG))
    assert (found.id, found.confidence) == ("inconsistent-history", "certain")
    assert found.evidence == (f"{SLUG} is recorded, {TAG}, which it depends on, is not",)


def test_another_error_of_the_plan_is_not_about_that() -> None:
    other = failure(None, None, exception="django.core.management.base.CommandError", phase=Phase.PLAN)
    assert named(other, applied=(INITIAL, SLUG))[0] == "unexplained"


# --- search-path, concurrent-migrate -------------------------------------------------------------


def test_the_history_is_in_a_schema_that_is_not_looked_in() -> None:
    more: dict[str, Any] = {"standing": POSTS, "applied": ()}
    split = HistoryTable(elsewhere=("crm",))
    assert named(POST_EXISTS, **more, table=split) == ("search-path", "likely")
    assert named(POST_EXISTS, **more, table=HistoryTable())[0] == "history-missing"


def test_a_copy_of_a_history_elsewhere_is_no_split() -> None:
    copied = history(INITIAL, gap=1, elsewhere=("archive",))
    assert named(TAG_EXISTS, TAG_DEFERRED, standing=WHOLE, table=copied, content_types=BOTH)[0] == "lost-record"


def test_tables_that_are_missing_stand_together_in_another_schema() -> None:
    lost = failure(SLUG, "42P01", "blog_post", operation="Add field slug to post")
    there = tuple(table(name, schema="crm") for name in ("blog_post", "blog_tag"))
    more: dict[str, Any] = {"applied": (INITIAL, TAG)}
    found = cause(lost, standing=there, **more)
    assert (found.id, found.confidence) == ("search-path", "likely")
    assert found.evidence == (
        "2 tables that the project looks for in vain are in the schema crm",
        "crm.blog_post is there",
    )
    # A single copy of one table is a backup, say.
    assert named(lost, standing=(there[0], *TAGS), **more)[0] == "missing-table"


def test_no_schema_to_make_anything_in() -> None:
    nowhere = failure(None, "3F000", "django_migrations", phase=Phase.RECORD)
    assert named(nowhere, applied=(), table=HistoryTable())[0] == "search-path"


def test_another_session_was_making_the_same() -> None:
    loser = failure(TAG, "23505", "pg_type", constraint_name="pg_type_typname_nsp_index")
    assert named(loser) == ("concurrent-migrate", "likely")
    assert named(replace(loser, constraint_name="blog_tag_name_uq", relation="blog_tag"))[0] == "duplicate-values"


def test_the_row_is_there_by_now() -> None:
    assert named(TAG_EXISTS, standing=WHOLE, table=history(INITIAL, TAG)) == ("concurrent-migrate", "likely")


def test_the_migration_before_it_stands_twice() -> None:
    found = cause(TAG_EXISTS, standing=WHOLE, table=history(INITIAL, INITIAL))
    assert (found.id, found.confidence) == ("concurrent-migrate", "likely")
    assert found.evidence == (
        f"django_migrations has 2 rows of {INITIAL} (id 1, applied 2026-01-01T00:00:00+00:00 and id 2, applied "
        "2026-01-02T00:00:00+00:00): two migrates ran at once",
    )
    assert named(TAG_EXISTS, standing=WHOLE, table=history("shop.0001_initial", "shop.0001_initial", INITIAL))[0] != (
        "concurrent-migrate"
    )


def test_a_root_without_anything_that_is_known() -> None:
    odd = failure(TAG, "XX000", operation="Create model Tag")
    assert cause(odd, standing=POSTS).evidence == (
        "from an empty database the same code passes",
        "these do not, or not yet as it makes them: 1 table, 2 columns, 2 constraints, 1 index",
    )


def test_a_reference_that_broke_elsewhere_leaves_little_to_say() -> None:
    elsewhere = failure(SLUG, "42601")
    assert named(TAG_EXISTS, standing=WHOLE, reference=broken(elsewhere)) == ("relation-exists", "possible")
