"""Causes of what is not there: tables, columns, constraints, extensions, rights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simulator.findings.situation import BehindSequence
from simulator.model import Fact, Phase
from tests.support.facts import column, delta, table
from tests.support.situations import (
    DELTAS,
    INITIAL,
    POSTS,
    SLUG,
    TAG,
    TAGS,
    broken,
    cause,
    failure,
    file,
    key,
    named,
    operation,
    with_file,
)

WHOLE = (*POSTS, *TAGS)
BOTH_APPLIED = (INITIAL, TAG)
ADD_SLUG = "Add field slug to post"
NO_POST = failure(SLUG, "42P01", "blog_post", operation=ADD_SLUG)
NO_TITLE = failure(SLUG, "42703", "blog_post", column_name="title", operation=ADD_SLUG)


def test_a_table_that_a_recorded_migration_makes() -> None:
    found = cause(NO_POST, standing=TAGS, applied=BOTH_APPLIED)
    assert (found.id, found.confidence) == ("missing-table", "certain")
    assert found.evidence == (
        "there is no blog_post in the database",
        f"{INITIAL}, which is recorded as applied, makes it",
    )


def test_a_table_that_no_migration_makes() -> None:
    assert named(replace(NO_POST, relation="legacy"), standing=WHOLE, applied=BOTH_APPLIED) == (
        "missing-table",
        "likely",
    )


def test_a_model_that_can_not_be_read() -> None:
    smoke = failure(None, "42P01", "blog_tag", phase=Phase.SMOKE)
    assert named(smoke, standing=POSTS, applied=(INITIAL, TAG, SLUG)) == ("missing-table", "certain")


def test_several_things_of_one_migration_and_none_is_there() -> None:
    """A single one may have been dropped; all of them were probably never made."""
    deltas = (delta(INITIAL, *POSTS, table("blog_note"), key("blog_note")), *DELTAS[1:])
    found = cause(NO_POST, standing=TAGS, applied=BOTH_APPLIED, deltas=deltas)
    assert (found.id, found.confidence) == ("recorded-not-run", "possible")
    assert found.evidence[0] == (
        f"{INITIAL} is recorded as applied, and nothing that it makes is there: blog_note and blog_post"
    )
    assert (
        named(NO_POST, standing=(*TAGS, table("blog_note")), applied=BOTH_APPLIED, deltas=deltas)[0] == "missing-table"
    )


def test_a_column_that_a_recorded_migration_makes() -> None:
    standing = [fact for fact in WHOLE if fact.name != "title"]
    assert named(NO_TITLE, standing=standing, applied=BOTH_APPLIED) == ("missing-column", "certain")
    other = replace(NO_TITLE, column_name="legacy")
    assert named(other, standing=WHOLE, applied=BOTH_APPLIED) == ("missing-column", "likely")


REMOVE = operation("RemoveConstraint", "Remove constraint title_ck from post")
CHECK = Fact("constraint", "public", "blog_post", "title_ck", ("check", "CHECK (true)", "VALID"))


def test_a_constraint_that_a_recorded_migration_makes() -> None:
    lacking = failure(SLUG, "42704", "blog_post", constraint_name="title_ck", operation=REMOVE.text)
    files = with_file(file(SLUG, REMOVE, parents=(TAG,)))
    deltas = (delta(INITIAL, *POSTS, CHECK), DELTAS[1], delta(SLUG, column("blog_post", "x"), removed=(CHECK,)))
    found = cause(lacking, files=files, standing=WHOLE, applied=BOTH_APPLIED, deltas=deltas)
    assert (found.id, found.confidence) == ("missing-constraint", "certain")
    assert found.evidence == (
        "blog_post has no constraint title_ck",
        f"{INITIAL}, which is recorded as applied, makes it",
    )


def test_a_constraint_that_django_looks_for_in_vain() -> None:
    together = operation("AlterUniqueTogether", "Alter unique_together for post")
    wrong = failure(
        SLUG, None, exception="builtins.ValueError", message="Found wrong number (0)", operation=together.text
    )
    files = with_file(file(SLUG, together, parents=(TAG,)))
    more: dict[str, Any] = {"standing": WHOLE, "applied": BOTH_APPLIED}
    assert named(wrong, files=files, **more) == ("missing-constraint", "likely")
    assert named(replace(wrong, operation=ADD_SLUG), **more)[0] == "unexplained"


def test_a_foreign_key_to_a_table_without_a_key() -> None:
    no_key = failure(SLUG, "42830", "blog_post", phase=Phase.DEFERRED)
    assert named(no_key, standing=WHOLE, applied=BOTH_APPLIED) == ("missing-constraint", "likely")
    bare = [fact for fact in WHOLE if fact.kind != "constraint" or fact.relation != "blog_post"]
    assert named(no_key, standing=bare, applied=BOTH_APPLIED) == ("half-restored", "likely")


def test_an_index_that_is_to_be_renamed() -> None:
    gone = failure(SLUG, "42P01", "blog_tag_name_1a2b3c4d", operation="Rename index")
    found = cause(gone, standing=(*POSTS, *TAGS[:-1]), applied=BOTH_APPLIED)
    assert (found.id, found.confidence) == ("missing-constraint", "certain")
    assert found.evidence[0] == "blog_tag has no index blog_tag_name_1a2b3c4d"


HSTORE = Fact("extension", "public", "", "hstore", ())


def test_an_extension_that_the_code_has_and_the_database_not() -> None:
    lacking = failure(SLUG, "42704", "hstore", message='type "hstore" does not exist')
    deltas = (delta(INITIAL, *POSTS, HSTORE), *DELTAS[1:])
    more: dict[str, Any] = {"applied": BOTH_APPLIED, "deltas": deltas}
    assert named(lacking, standing=WHOLE, **more) == ("missing-extension", "certain")
    assert named(lacking, standing=(*WHOLE, HSTORE), **more) == ("missing-extension", "likely")


def test_a_function_that_nobody_made() -> None:
    lacking = failure(SLUG, "42883", message="function uuid_generate_v4() does not exist")
    more: dict[str, Any] = {"standing": WHOLE, "applied": BOTH_APPLIED}
    assert named(lacking, **more) == ("missing-extension", "likely")
    found = cause(lacking, **more, reference=broken(lacking, *DELTAS[:2]))
    assert (found.id, found.confidence) == ("missing-extension", "likely")
    assert "from an empty database the same code fails" in found.evidence[1]
    assert named(replace(lacking, constraint_name="x"), **more)[0] == "unexplained"


# --- rights --------------------------------------------------------------------------------------


def test_the_table_belongs_to_another_role() -> None:
    refused = failure(SLUG, "42501", "blog_post", operation=ADD_SLUG)
    more: dict[str, Any] = {"standing": WHOLE, "applied": BOTH_APPLIED}
    found = cause(refused, **more, owners={"public.blog_post": "dba"})
    assert (found.id, found.confidence) == ("ownership", "certain")
    assert found.evidence == ("blog_post belongs to dba", "migrate runs as app", f"in {SLUG}")
    assert named(refused, **more, owners={"public.blog_post": "app"}) == ("ownership", "likely")
    assert named(refused, **more) == ("ownership", "likely")


def test_a_database_that_takes_no_writes() -> None:
    assert named(failure(SLUG, "25006"), standing=WHOLE, applied=BOTH_APPLIED) == ("read-only", "certain")


# --- after the migrations ------------------------------------------------------------------------

PERMISSION = failure(None, "23505", "auth_permission", constraint_name="auth_permission_pkey", phase=Phase.POST_MIGRATE)
BEHIND = (BehindSequence("public", "auth_permission", "id"),)
ALL = (INITIAL, TAG, SLUG)


def test_permissions_whose_numbers_are_in_use() -> None:
    found = cause(PERMISSION, applied=ALL, behind=BEHIND)
    assert (found.id, found.confidence) == ("post-migrate-sequence", "certain")
    assert found.evidence[0] == "the sequence of public.auth_permission.id gives a number that a row has"
    assert named(PERMISSION, applied=ALL) == ("post-migrate-sequence", "possible")


def test_a_table_of_permissions_that_is_gone() -> None:
    gone = failure(None, "42P01", "auth_permission", phase=Phase.POST_MIGRATE)
    assert named(gone, applied=ALL) == ("post-migrate-missing-table", "likely")
    assert named(replace(gone, phase=Phase.SMOKE), applied=ALL)[0] == "missing-table"


FILL = operation("RunPython", "Fill the posts", code=True)
FILLING = file(TAG, FILL, parents=(INITIAL,))
NO_SLUG = failure(TAG, "42703", "blog_post", column_name="slug", operation=FILL.text)
IMPORTS = "from django.db import migrations\nfrom blog.models import Post\n"


def test_code_that_uses_the_models_of_today() -> None:
    found = cause(NO_SLUG, files=with_file(FILLING), texts={TAG: IMPORTS})
    assert (found.id, found.confidence) == ("models-of-today", "certain")
    assert found.evidence == (
        f"{TAG} asks for blog_post.slug, which {SLUG} makes, later in the plan",
        "its code has `from blog.models import Post`, not apps.get_model(…)",
    )
    assert named(NO_SLUG, files=with_file(FILLING)) == ("models-of-today", "likely")  # a package's source is not here


def test_what_is_missing_for_another_reason_is_not_of_todays_models() -> None:
    by_operation = replace(NO_SLUG, operation="Create model Tag")
    assert named(by_operation)[0] == "missing-column"
    gone = replace(NO_SLUG, column_name="title")  # an applied migration makes it
    assert named(gone, files=with_file(FILLING), texts={TAG: IMPORTS})[0] == "missing-column"
    later = replace(NO_SLUG, migration=SLUG)  # its own
    filling = file(SLUG, FILL, parents=(TAG,))
    assert named(later, files=with_file(filling), texts={SLUG: IMPORTS})[0] == "missing-column"


def test_what_an_installed_extension_has_brought_is_off_the_search_path() -> None:
    lacking = failure(SLUG, "42704", message='type "citext" does not exist')
    found = cause(lacking, members={"citext": ("citext", "heroku_ext")})
    assert (found.id, found.confidence) == ("extension-elsewhere", "certain")
    assert found.evidence[0] == "the extension citext, which brings citext, is installed in the schema heroku_ext"
