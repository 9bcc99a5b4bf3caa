"""Causes that lie in the code: the same code fails from nothing, in the same place and the same way."""

from __future__ import annotations

from dataclasses import replace

from simulator.model import MigrationFile, MigrationOperation, Phase, Ran
from tests.support.facts import index, table
from tests.support.situations import (
    DELTAS,
    FILES,
    INITIAL,
    POSTS,
    SLUG,
    TAG,
    TAG_EXISTS,
    TAGS,
    broken,
    cause,
    create,
    failure,
    file,
    history,
    named,
    operation,
    with_file,
)

ZERO = failure(TAG, "22012", message="division by zero", exception="django.db.utils.DataError", operation="Raw SQL")


def test_what_fails_from_nothing_too_is_the_code() -> None:
    assert named(ZERO, reference=broken(ZERO, DELTAS[0])) == ("code", "certain")


def test_the_code_is_named_by_file_and_operation() -> None:
    files = with_file(
        file(TAG, create("Tag", "blog.tag"), operation("RunSQL", "Raw SQL", code=True), parents=(INITIAL,))
    )
    found = cause(ZERO, files=files, reference=broken(ZERO, DELTAS[0]))
    assert found.evidence == (
        f"from an empty database the same code fails at {TAG} too: 22012 division by zero",
        "operation 2 of 2 in blog/migrations/0002_tag.py: Raw SQL",
    )


def test_code_that_fails_elsewhere_or_otherwise_from_nothing_is_not_blamed() -> None:
    for other in (replace(ZERO, migration=SLUG), replace(ZERO, sqlstate="42601")):
        assert named(ZERO, reference=broken(other, DELTAS[0]))[0] != "code"


def test_a_failure_without_sqlstate_is_compared_by_its_class() -> None:
    syntax = failure(None, None, exception="builtins.SyntaxError", phase=Phase.LOAD)
    assert named(syntax, reference=broken(syntax)) == ("code", "certain")
    other = replace(syntax, exception="builtins.ImportError")
    assert named(syntax, reference=broken(other)) == ("unexplained", "possible")


def test_what_the_session_may_not_do_is_not_the_code() -> None:
    for state, expected in (("42501", "ownership"), ("25006", "read-only"), ("3F000", "search-path")):
        denied = failure(TAG, state)
        assert named(denied, reference=broken(denied))[0] == expected


def test_nothing_is_blamed_where_the_sandbox_may_be_the_reason() -> None:
    limited = replace(ZERO, sandbox="the sandbox's server lacks the extension postgis")
    assert named(limited) == ("unexplained", "possible")
    assert named(TAG_EXISTS, reference=broken(limited)) == ("unexplained", "possible")
    found = cause(ZERO, reference=broken(limited))
    assert found.evidence == (
        "the code's schema could not be built from nothing, so nothing was compared"
        " (the sandbox's server lacks the extension postgis)",
    )


# --- leftover-names ------------------------------------------------------------------------------

LIKE = failure(SLUG, relation="blog_post_slug_49f43318_like", phase=Phase.DEFERRED)
KEPT = index("blog_post", "blog_post_slug_49f43318_like", "old")


def renaming(*more: MigrationOperation) -> tuple[MigrationFile, ...]:
    return (FILES[0], file(TAG, *more, parents=(INITIAL,)), FILES[2])


def test_a_rename_keeps_the_name_that_django_made_up() -> None:
    files = renaming(operation("RenameField", "Rename field slug on post to old"))
    found = cause(LIKE, files=files, standing=(*POSTS, KEPT), reference=broken(LIKE, *DELTAS[:2]))
    assert (found.id, found.confidence) == ("leftover-names", "certain")
    assert "Rename field slug on post to old" in found.evidence[0]


def test_without_a_rename_before_it_nothing_was_left_over() -> None:
    assert named(LIKE, reference=broken(LIKE, *DELTAS[:2]))[0] == "code"


def test_a_name_that_was_given_is_not_made_up() -> None:
    plain = replace(LIKE, relation="post_slug_idx")
    files = renaming(operation("RenameField", "Rename field slug on post to old"))
    assert named(plain, files=files, reference=broken(plain, *DELTAS[:2]))[0] == "code"


# --- made-twice ----------------------------------------------------------------------------------


def test_two_migrations_make_the_same_table() -> None:
    again = failure("shop.0001_initial", relation="blog_tag")
    files = (*FILES, file("shop.0001_initial", replace(create("Tag", "shop.tag"), table="blog_tag")))
    found = cause(again, files=files, applied=(), standing=(), reference=broken(again, *DELTAS[:2]))
    assert (found.id, found.confidence) == ("made-twice", "certain")
    assert found.evidence[0] == f"{TAG} already makes what shop.0001_initial makes: blog_tag"


def test_one_migration_makes_it_twice() -> None:
    files = with_file(file(TAG, create("Tag", "blog.tag"), create("Tag2", "blog.tag"), parents=(INITIAL,)))
    found = cause(TAG_EXISTS, files=files, reference=broken(TAG_EXISTS, DELTAS[0]))
    assert found.id == "made-twice"


def test_an_index_is_told_by_its_own_name() -> None:
    again = failure(SLUG, relation="blog_tag_name_1a2b3c4d", operation="Add field slug to post")
    assert named(again, standing=(), applied=(), reference=broken(again, *DELTAS[:2]))[0] == "code"
    standing = index("blog_tag", "blog_tag_name_1a2b3c4d", "name")
    found = cause(again, standing=(table("blog_tag"), standing), reference=broken(again, *DELTAS[:2]))
    assert found.evidence[0] == f"{TAG} already makes what {SLUG} makes: blog_tag_name_1a2b3c4d"


def test_names_that_are_cut_to_the_same_one() -> None:
    name = "t" * 63
    again = failure(SLUG, relation=name)
    first = file(TAG, replace(create("Long", "blog.long"), table=name), parents=(INITIAL,))
    found = cause(again, files=with_file(first), standing=(), applied=(), reference=broken(again, DELTAS[0]))
    assert found.id == "made-twice"
    assert "63 bytes" in found.evidence[1]


def test_what_a_complete_reference_makes_once_is_not_made_twice() -> None:
    assert named(TAG_EXISTS, TAG_EXISTS, standing=(*POSTS, table("blog_tag")))[0] != "made-twice"


# --- the graph -----------------------------------------------------------------------------------

MISSING = failure(
    None,
    None,
    exception="django.db.migrations.exceptions.NodeNotFoundError",
    message="Migration blog.0003_slug dependencies reference nonexistent parent node ('blog', '0002_gone')",
    phase=Phase.LOAD,
)
FROM_NOTHING = "from an empty database the same files load"


def test_a_parent_that_is_not_on_disk() -> None:
    assert named(MISSING, reference=broken(MISSING)) == ("node-not-found", "certain")


def test_a_graph_that_loads_from_nothing_is_not_short_of_a_file() -> None:
    found = cause(MISSING, files=(), applied=())
    assert (found.id, found.confidence) == ("squash-half-applied", "likely")
    assert found.evidence[-1] == FROM_NOTHING


def test_a_squash_of_which_a_part_is_recorded() -> None:
    squash = file("blog.0001_squashed_0002_tag", replaces=(INITIAL, TAG))
    found = cause(MISSING, files=(squash,), table=history(INITIAL))
    assert (found.id, found.confidence) == ("squash-half-applied", "certain")
    assert found.evidence[0] == f"{squash.name} replaces {INITIAL}, recorded, and {TAG}, not recorded"


def test_a_key_error_of_a_migration_is_no_squash_without_one() -> None:
    ghost = failure(TAG, None, exception="builtins.KeyError")
    assert named(ghost, reference=broken(ghost, DELTAS[0]))[0] == "code"
    assert named(ghost)[0] == "unexplained"


CONFLICT = failure(
    None, None, exception="django.core.management.base.CommandError", message="Conflicting migrations", phase=Phase.PLAN
)


def test_two_leaves() -> None:
    files = (*FILES, file("blog.0002_other", parents=(INITIAL,)))
    found = cause(CONFLICT, files=files, reference=broken(CONFLICT))
    assert (found.id, found.confidence) == ("conflicting-leaves", "certain")
    assert found.evidence == (f"nothing comes after blog.0002_other and {SLUG}",)


def test_a_command_error_with_one_leaf_is_another() -> None:
    assert named(CONFLICT, reference=broken(CONFLICT))[0] == "code"


def test_what_a_squash_replaces_is_no_leaf() -> None:
    files = (*FILES, file("blog.0001_squashed_0003_slug", replaces=(INITIAL, TAG, SLUG)))
    assert named(CONFLICT, files=files, reference=broken(CONFLICT))[0] == "code"


# --- half-applied --------------------------------------------------------------------------------

NOT_ATOMIC = file(
    TAG, create("Tag", "blog.tag"), operation("RunSQL", "Raw SQL", code=True), parents=(INITIAL,), atomic=False
)
HALF = (*POSTS, *TAGS[:4])


def test_a_migration_that_is_not_atomic_stops_at_the_same_place_every_time() -> None:
    """The code is at fault too, but what stands in the way is what the first run left."""
    found = cause(TAG_EXISTS, ZERO, files=with_file(NOT_ATOMIC), standing=HALF, reference=broken(ZERO, DELTAS[0]))
    assert (found.id, found.confidence) == ("half-applied", "certain")
    assert found.evidence[:2] == (
        "blog/migrations/0002_tag.py is not atomic",
        "operation 1 of 2 stands there, 2 does not",
    )


def test_its_first_operations_are_done_and_the_others_are_not() -> None:
    ran = (Ran(TAG, 1, "SELECT 1", run_sql=True),)
    assert named(TAG_EXISTS, files=with_file(NOT_ATOMIC), standing=HALF, ran=ran) == ("half-applied", "certain")


def test_an_atomic_one_leaves_nothing_behind() -> None:
    atomic = replace(NOT_ATOMIC, atomic=True)
    assert named(TAG_EXISTS, files=with_file(atomic), standing=HALF)[0] == "made-by-hand"
