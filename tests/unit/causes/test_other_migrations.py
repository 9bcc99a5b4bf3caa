"""Causes that another migration's row, file or text tells: branches, renames, squashes, edits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from simulator.findings.situation import Edit, GitTrace
from simulator.model import Fact
from tests.support.facts import column, delta, table
from tests.support.situations import (
    DELTAS,
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
    cause,
    create,
    failure,
    file,
    history,
    named,
    with_file,
)

WHOLE = (*POSTS, *TAGS)
OTHERWISE = (*POSTS, table("blog_tag"), column("blog_tag", "id", "bigint"), column("blog_tag", "word"))
HEAD = "from django.db import migrations, models\nclass Migration(migrations.Migration):\n    operations = "
POST_TEXT = HEAD + '[migrations.CreateModel("Post", [("id", models.BigAutoField()), ("title", models.TextField())])]\n'
TAG_TEXT = HEAD + '[migrations.CreateModel(name="Tag", fields=[("id", models.BigAutoField())])]\n'
SLUG_TEXT = HEAD + '[migrations.AddField("post", "slug", models.CharField(max_length=40))]\n'
BRANCH = "blog.0002_branch"


def trace(name: str, text: str | None = None, **more: Any) -> dict[str, GitTrace]:
    app, _dot, own = name.partition(".")
    return {name: GitTrace(f"{app}/migrations/{own}.py", text=text, **more)}


DELETED = {"deleted_in": "8e1fa02", "deleted_by": "Ann", "deleted_at": "2026-03-02T10:00:00+01:00"}


# --- other-branch --------------------------------------------------------------------------------


def test_a_branch_whose_file_makes_the_table() -> None:
    git = trace(BRANCH, TAG_TEXT, **DELETED, on_refs=("origin/feature/tags",))
    found = cause(TAG_EXISTS, standing=OTHERWISE, applied=(INITIAL, BRANCH), git=git)
    assert (found.id, found.confidence) == ("other-branch", "certain")
    assert found.evidence[0] == (
        "blog.0002_branch is recorded and not on disk, deleted in 8e1fa02 by Ann (2026-03-02),"
        " still on origin/feature/tags; it makes table public.blog_tag"
    )


def test_without_a_repository_a_row_that_came_after_the_fork_is_enough_to_suspect() -> None:
    assert named(TAG_EXISTS, standing=OTHERWISE, applied=(INITIAL, BRANCH)) == ("other-branch", "likely")


def test_rows_that_a_squash_left_behind_are_older_than_the_fork() -> None:
    left = "blog.0001_old"
    table = history(left, INITIAL)
    assert named(TAG_EXISTS, standing=OTHERWISE, applied=(INITIAL, left), table=table)[0] == "made-by-hand"


def test_a_branch_that_makes_something_else_is_not_blamed() -> None:
    git = trace(BRANCH, SLUG_TEXT, on_refs=("feature/slug",))
    assert named(TAG_EXISTS, standing=OTHERWISE, applied=(INITIAL, BRANCH), git=git)[0] == "made-by-hand"


def test_another_branch_whose_row_was_pruned() -> None:
    git = trace(BRANCH, TAG_TEXT, on_refs=("feature/tags",))
    pruned = history(INITIAL, gap=1)
    assert named(TAG_EXISTS, standing=OTHERWISE, git=git, table=pruned) == ("other-branch", "likely")
    assert named(TAG_EXISTS, standing=OTHERWISE, git=git) == ("other-branch", "possible")


def test_a_column_of_another_branch() -> None:
    git = trace(BRANCH, SLUG_TEXT.replace("40", "64"), on_refs=("feature/slug",))
    slug = column("blog_post", "slug", "varchar(64)")
    found = cause(SLUG_EXISTS, standing=(*WHOLE, slug), applied=(INITIAL, TAG, BRANCH), git=git)
    assert (found.id, found.confidence) == ("other-branch", "certain")
    assert "it makes column public.blog_post.slug" in found.evidence[0]


# --- renumbered, same-ddl, regenerated -----------------------------------------------------------

OLD_TAG = "blog.0005_tag"


def test_a_migration_that_was_renumbered() -> None:
    git = trace(OLD_TAG, f"# an older comment\n{TAG_TEXT}", **DELETED)
    found = cause(
        *(TAG_EXISTS, TAG_DEFERRED),
        standing=WHOLE,
        applied=(INITIAL, OLD_TAG),
        git=git,
        texts={TAG: TAG_TEXT},
    )
    assert (found.id, found.confidence) == ("renumbered", "certain")
    assert found.evidence[0].startswith("blog.0005_tag is recorded and not on disk, deleted in 8e1fa02 by Ann")


def test_a_name_that_differs_only_in_its_number_is_likely_the_same() -> None:
    more: dict[str, Any] = {"standing": WHOLE, "applied": (INITIAL, OLD_TAG), "renamed": {OLD_TAG: TAG}}
    assert named(TAG_EXISTS, TAG_DEFERRED, **more) == ("renumbered", "likely")
    git = trace(OLD_TAG, SLUG_TEXT, on_refs=("main",))
    assert named(TAG_EXISTS, TAG_DEFERRED, **more, git=git, texts={TAG: TAG_TEXT})[0] != "renumbered"


def test_the_same_change_is_part_of_another_migration() -> None:
    both = TAG_TEXT.replace("])]", "]), " + SLUG_TEXT.partition("[")[2].strip())
    git = trace("blog.0002_backport", both, on_refs=("release/1",))
    more: dict[str, Any] = {"standing": WHOLE, "applied": (INITIAL, "blog.0002_backport"), "texts": {TAG: TAG_TEXT}}
    assert named(TAG_EXISTS, TAG_DEFERRED, **more, git=git) == ("same-ddl", "certain")
    other = trace("blog.0002_backport", SLUG_TEXT, on_refs=("release/1",))
    assert named(TAG_EXISTS, TAG_DEFERRED, **more, git=other)[0] != "same-ddl"


def test_the_same_table_written_another_way_is_another_branchs() -> None:
    written = TAG_TEXT.replace("BigAutoField()", "BigAutoField(serialize=False)")
    git = trace("blog.0002_backport", written, on_refs=("release/1",))
    more: dict[str, Any] = {"applied": (INITIAL, "blog.0002_backport"), "texts": {TAG: TAG_TEXT}, "git": git}
    assert named(TAG_EXISTS, TAG_DEFERRED, standing=WHOLE, **more) == ("other-branch", "certain")


POST_EXISTS = failure(INITIAL, relation="blog_post", operation="Create model Post")
OLD = ("blog.0001_start", "blog.0002_more")


def test_migrations_that_were_deleted_and_generated_anew() -> None:
    files = FILES[:1]
    assert named(POST_EXISTS, applied=OLD, files=files) == ("regenerated", "likely")
    git = {**trace(OLD[0], TAG_TEXT.replace("Tag", "Post"), **DELETED), **trace(OLD[1], POST_TEXT, **DELETED)}
    found = cause(POST_EXISTS, applied=OLD, files=files, git=git, texts={INITIAL: POST_TEXT + "# new\n"})
    assert found.id == "renumbered"
    whole = {**git, **trace(OLD[1], POST_TEXT.replace("TextField", "CharField"), **DELETED)}
    found = cause(POST_EXISTS, applied=OLD, files=files, git=whole, texts={INITIAL: POST_TEXT})
    assert (found.id, found.confidence) == ("regenerated", "certain")


def test_files_that_a_branch_still_has_were_not_regenerated() -> None:
    git = trace(OLD[0], POST_TEXT.replace("Text", "Char"), on_refs=("feature/start",))
    assert named(POST_EXISTS, applied=OLD[:1], files=FILES[:1], git=git)[0] == "other-branch"


# --- squashes ------------------------------------------------------------------------------------

SQUASH = "blog.0001_squashed_0002_tag"
SQUASHED = delta(SQUASH, *POSTS, *TAGS)
COLLISION = failure(SQUASH, relation="blog_post", operation="Create model Post")


def squash(**more: Any) -> tuple[Any, ...]:
    return (file(SQUASH, create("Post", "blog.post"), create("Tag", "blog.tag"), **more),)


def test_a_squash_is_recorded_without_what_it_replaces() -> None:
    more: dict[str, Any] = {"standing": WHOLE, "deltas": (SQUASHED,), "applied": ()}
    files = squash(replaces=(INITIAL, TAG))
    found = cause(COLLISION, **more, files=files, table=history(SQUASH))
    assert (found.id, found.confidence) == ("squash-by-memory", "certain")
    assert found.evidence[0] == f"django_migrations has a row for {SQUASH}, and none for {INITIAL} and {TAG}"
    lacking = failure(TAG, None, exception="KeyError", message="('blog', 'tag')")
    assert named(lacking, **more, files=files, table=history(SQUASH))[0] == "squash-by-memory"
    assert named(COLLISION, **more, files=squash(), table=history(SQUASH))[0] != "squash-by-memory"
    assert named(COLLISION, **more, files=files, table=history(INITIAL, SQUASH, TAG))[0] != "squash-by-memory"


def test_a_squash_that_no_longer_says_what_it_replaces() -> None:
    more: dict[str, Any] = {"standing": WHOLE, "deltas": (SQUASHED,)}
    found = cause(COLLISION, **more, files=squash(), applied=(INITIAL, TAG))
    assert (found.id, found.confidence) == ("squash-not-replaced", "certain")
    assert named(COLLISION, **more, files=squash(), applied=(INITIAL,)) == ("squash-not-replaced", "likely")
    assert named(COLLISION, **more, files=squash(), applied=())[0] != "squash-not-replaced"


# --- app-moved -----------------------------------------------------------------------------------

MOVED = "news.0001_initial"
OLD_LABEL = failure(MOVED, relation="blog_post", operation="Create model Post")
NEWS = (file(MOVED, replace(create("Post", "news.post"), table="blog_post")),)


def test_an_app_with_a_new_label() -> None:
    more: dict[str, Any] = {"files": NEWS, "deltas": (delta(MOVED, *POSTS),)}
    found = cause(OLD_LABEL, **more, applied=(INITIAL,))
    assert (found.id, found.confidence) == ("app-moved", "likely")
    assert found.evidence[:2] == (
        "django_migrations has no row of news",
        f"{INITIAL} is recorded, and no app is called blog",
    )
    assert named(OLD_LABEL, **more, applied=(INITIAL,), content_types=frozenset({"blog.post"}))[1] == "certain"
    git = trace(INITIAL, POST_TEXT, **DELETED)
    assert named(OLD_LABEL, **more, applied=(INITIAL,), git=git, texts={MOVED: POST_TEXT}) == ("app-moved", "certain")
    assert named(OLD_LABEL, **more, applied=("shop.0001_initial",))[0] != "app-moved"


def test_a_label_that_an_app_still_has_was_not_changed() -> None:
    found = named(
        OLD_LABEL, files=(*NEWS, *FILES), deltas=(*DELTAS, delta(MOVED, *POSTS)), applied=(INITIAL, "blog.0009")
    )
    assert found[0] != "app-moved"


# --- edited-after-applied ------------------------------------------------------------------------

EDIT = Edit("blog/migrations/0001_initial.py", "8e1fa02", "Ann", "2026-03-02T10:00:00+01:00", TAG_TEXT)
NO_TITLE = failure(SLUG, "42703", "blog_post", column_name="title", operation="Add field slug to post")


def test_a_column_that_an_applied_migration_makes_only_now() -> None:
    standing = [fact for fact in WHOLE if fact.name != "title"]
    found = cause(NO_TITLE, standing=standing, applied=(INITIAL, TAG), edits={INITIAL: EDIT})
    assert (found.id, found.confidence) == ("edited-after-applied", "certain")
    assert found.evidence == (
        f"{INITIAL} was applied before blog/migrations/0001_initial.py was changed in 8e1fa02 by Ann (2026-03-02)",
        "it makes blog_post.title now, and did not then",
    )
    then = replace(EDIT, text=POST_TEXT)
    assert named(NO_TITLE, standing=standing, applied=(INITIAL, TAG), edits={INITIAL: then})[0] == "missing-column"


def test_a_column_that_an_applied_migration_made_then() -> None:
    then = replace(EDIT, text=HEAD + '[migrations.AddField("post", "slug", models.TextField())]', commit=None)
    more: dict[str, Any] = {"standing": (*WHOLE, *SLUGS), "applied": (INITIAL, TAG)}
    found = cause(SLUG_EXISTS, **more, edits={TAG: then})
    assert (found.id, found.confidence) == ("edited-after-applied", "certain")
    assert found.evidence[1] == "it made slug then, and does not now"
    assert named(SLUG_EXISTS, **more, edits={TAG: EDIT})[0] == "made-by-hand"


@pytest.mark.parametrize("standing", [POSTS, WHOLE])
def test_the_blog_by_itself_is_fine(standing: tuple[Fact, ...]) -> None:
    """What the tests above stand on: the builder's own blog has nothing of theirs."""
    assert named(failure(TAG, "XX000"), standing=standing, files=with_file(FILES[1]))[0] == "unexplained"
