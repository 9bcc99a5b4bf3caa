"""Causes that lie in what stands there: broken, of another kind, made by hand, restored."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from simulator.model import Fact, Failure, Phase
from tests.support.facts import column, delta, index, table
from tests.support.situations import (
    DELTAS,
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
    foreign_key,
    history,
    key,
    named,
    operation,
    with_file,
)

WHOLE = (*POSTS, *TAGS)
COLUMNS = TAGS[:3]
BOTH = frozenset({"blog.post", "blog.tag"})


# --- made-by-hand --------------------------------------------------------------------------------


def test_signs_that_django_did_not_make_it() -> None:
    loose = foreign_key("blog_tag", "tag_post_fkey", "")
    standing = (*POSTS, *COLUMNS, key("blog_tag"), loose, column("blog_tag", "note"))
    found = cause(
        TAG_EXISTS, standing=standing, table=history(INITIAL, gap=1), owners={"public.blog_tag": "dba"}, rows={}
    )
    assert (found.id, found.confidence) == ("made-by-hand", "likely")
    assert found.evidence[:3] == (
        "it belongs to dba, django_migrations to app",
        "none of its constraints and indexes is named as Django would (blog_tag_post_id_5e6f7a8b_fk_blog_post_id …)",
        "its foreign keys are not deferrable, as Django makes them (tag_post_fkey)",
    )


def test_a_default_that_django_does_not_keep() -> None:
    slug = column("blog_post", "slug", "varchar(40)", default="''::text")
    found = cause(SLUG_EXISTS, standing=(*WHOLE, slug), applied=(INITIAL, TAG), table=history(INITIAL, TAG, gap=1))
    assert (found.id, found.confidence) == ("made-by-hand", "likely")
    assert "its column slug has a default in the database, which Django does not keep" in found.evidence
    other = (*WHOLE, *SLUGS, column("blog_post", "more", default="1"))
    assert (
        named(SLUG_EXISTS, standing=other, applied=(INITIAL, TAG), table=history(INITIAL, TAG, gap=1))[0]
        != "made-by-hand"
    )


def test_no_row_was_ever_deleted_so_no_migration_made_it() -> None:
    assert named(SLUG_EXISTS, standing=(*WHOLE, *SLUGS), applied=(INITIAL, TAG)) == ("made-by-hand", "likely")


def test_a_content_type_shows_that_django_made_it() -> None:
    assert named(TAG_EXISTS, TAG_DEFERRED, standing=WHOLE, content_types=BOTH)[0] == "lost-record"


# --- invalid-index, other-kind, rename-target ----------------------------------------------------

CONCURRENT = file(TAG, operation("AddIndexConcurrently", "Create index", "blog_tag"), parents=(INITIAL,), atomic=False)
NAME = failure(TAG, relation="blog_tag_name_1a2b3c4d", operation="Create index")


def test_an_index_that_was_not_built_to_its_end() -> None:
    left = index("blog_tag", "blog_tag_name_1a2b3c4d", "name", "INVALID")
    found = cause(NAME, files=with_file(CONCURRENT), standing=(*POSTS, *TAGS[:-1], left))
    assert (found.id, found.confidence) == ("invalid-index", "certain")
    assert found.evidence == (
        "index public.blog_tag.blog_tag_name_1a2b3c4d is INVALID: a concurrent build of it failed or was ended",
    )
    assert named(NAME, files=with_file(CONCURRENT), standing=WHOLE)[0] != "invalid-index"


@pytest.mark.parametrize("kind", ["view", "partition", "foreign table", "sequence"])
def test_what_holds_the_name_is_of_another_kind(kind: str) -> None:
    found = cause(TAG_EXISTS, standing=(*POSTS, table("blog_tag", kind)))
    assert (found.id, found.confidence) == ("other-kind", "certain")
    assert kind in found.evidence[0]


def test_an_index_on_another_table_is_in_the_way() -> None:
    other = index("blog_post", "blog_tag_name_1a2b3c4d", "title")
    found = cause(NAME, files=with_file(CONCURRENT), standing=(*POSTS, *TAGS[:-1], other))
    assert found.id == "other-kind"


def test_a_view_stands_where_the_code_has_a_table() -> None:
    refused = failure(SLUG, "42809", "blog_post", operation="Add field slug to post")
    assert named(refused, standing=(table("blog_post", "view"), *TAGS), applied=(INITIAL, TAG)) == (
        "other-kind",
        "certain",
    )
    assert named(refused, standing=WHOLE, applied=(INITIAL, TAG))[0] == "unexplained"


RENAME = operation("RenameModel", "Rename model Label to Tag", "blog_tag")


def test_the_new_name_of_a_rename_is_taken() -> None:
    files = with_file(file(TAG, RENAME, parents=(INITIAL,)))
    taken = failure(TAG, relation="blog_tag", operation=RENAME.text)
    assert named(taken, files=files, standing=WHOLE) == ("rename-target", "certain")
    by_sql = replace(taken, operation=None, sql='ALTER TABLE "blog_label" RENAME TO "blog_tag"')
    assert named(by_sql, standing=WHOLE)[0] == "rename-target"
    assert named(TAG_EXISTS, standing=WHOLE)[0] != "rename-target"


# --- restores ------------------------------------------------------------------------------------

IN_RESTORE = failure(None, "42P07", "blog_tag", phase=Phase.RESTORE)


def test_a_restore_over_another_database() -> None:
    assert named(IN_RESTORE, restored_over_data=True) == ("restored-over-data", "certain")
    assert named(TAG_EXISTS, standing=WHOLE, restored_over_data=True) == ("restored-over-data", "likely")
    code = broken(TAG_EXISTS, DELTAS[0])
    assert named(TAG_EXISTS, standing=WHOLE, restored_over_data=True, reference=code)[0] == "code"
    assert named(failure(TAG, "23502", "blog_tag"), restored_over_data=True)[0] == "null-values"


def test_a_restore_that_printed_errors() -> None:
    assert named(IN_RESTORE, restore_failed=True) == ("half-restored", "certain")


def test_tables_without_their_keys() -> None:
    bare = (*POSTS[:3], *COLUMNS)
    post = failure(INITIAL, relation="blog_post", operation="Create model Post")
    found = cause(post, TAG_EXISTS, standing=bare, applied=(), table=history(kind=None, next_id=None))
    assert (found.id, found.confidence) == ("half-restored", "likely")
    assert found.evidence[0] == (
        "2 tables without the primary key that the code makes: public.blog_post and public.blog_tag"
    )
    assert named(TAG_EXISTS, standing=(*POSTS, *COLUMNS), restore_failed=True) == ("half-restored", "certain")


def test_a_table_with_a_key_or_with_other_columns_was_not_cut_off() -> None:
    assert named(TAG_EXISTS, standing=(*POSTS, *COLUMNS, key("blog_tag")))[0] == "made-by-hand"
    assert named(TAG_EXISTS, standing=(*POSTS, table("blog_tag"), column("blog_tag", "word")))[0] == "made-by-hand"


# --- what merely stands there --------------------------------------------------------------------


def met(name: str, sqlstate: str, message: str, **more: Any) -> Failure:
    return failure(TAG, sqlstate, name, message=message, operation="Raw SQL", **more)


def test_an_extension_that_was_installed_before() -> None:
    hstore = Fact("extension", "public", "", "hstore", ())
    exists = met("hstore", "42710", 'extension "hstore" already exists')
    deltas = (DELTAS[0], delta(TAG, hstore))
    more: dict[str, Any] = {"standing": (*POSTS, hstore), "deltas": deltas}
    assert named(exists, **more) == ("extension-exists", "likely")
    assert named(exists, **more, table=history(INITIAL, gap=1))[0] == "lost-record"


def test_a_schema_that_was_there_before() -> None:
    crm = Fact("schema", "crm", "", "", ())
    exists = met("", "42P06", 'schema "crm" already exists')
    assert named(exists, standing=(*POSTS, crm), deltas=(DELTAS[0], delta(TAG, crm))) == ("schema-exists", "likely")


ENUM = Fact("type", "public", "", "mood", ("enum", "sad"))
CHECK = Fact("constraint", "public", "blog_post", "title_ck", ("check", "CHECK (true)", "VALID"))
FUNCTION = Fact("function", "public", "", "f()", ("function", "0123"))


@pytest.mark.parametrize(
    ("sqlstate", "message", "standing", "more", "expected"),
    [
        ("42710", 'type "mood" already exists', ENUM, {}, "type-exists"),
        ("42723", 'function "f" already exists', FUNCTION, {}, "object-exists"),
        ("42710", "m", CHECK, {"constraint_name": "title_ck", "table_name": "blog_post"}, "constraint-exists"),
        ("42701", "m", SLUGS[0], {"relation": "blog_post", "column_name": "slug"}, "column-exists"),
        ("42P07", "m", TAGS[-1], {"relation": TAGS[-1].name}, "index-exists"),
        ("42P07", "m", TAGS[0], {"relation": "blog_tag"}, "relation-exists"),
    ],
)
def test_what_is_there_and_nobody_knows_why(
    sqlstate: str, message: str, standing: Fact, more: dict[str, Any], expected: str
) -> None:
    """Without a trusted reference nothing can be compared."""
    given = {"relation": None, "message": message, "operation": "Raw SQL", **more}
    exists = failure(TAG, sqlstate, **given)
    elsewhere = broken(failure("shop.0001_initial", "42601"), *DELTAS)
    assert named(exists, standing=(*POSTS, standing), reference=elsewhere) == (expected, "possible")
    assert named(exists, standing=POSTS, reference=elsewhere)[0] == "unexplained"


def test_an_index_that_differs_where_rows_were_deleted_before() -> None:
    gap = history(INITIAL, gap=1)
    other = (*POSTS, *TAGS[:-1], index("blog_tag", "blog_tag_name_1a2b3c4d", "id"))
    assert named(NAME, files=with_file(CONCURRENT), standing=other, table=gap)[0] == "index-exists"
