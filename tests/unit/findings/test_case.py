"""What is asked of a root in its situation: each question with all that decides it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from simulator.findings.case import Case
from simulator.model import CodeRun, Existing, Fact, Failure, Finding, Phase, Shape
from tests.support.facts import table
from tests.support.situations import (
    BLOG,
    DELTAS,
    FILES,
    INITIAL,
    POSTS,
    SLUG,
    SLUG_EXISTS,
    TAG,
    TAG_EXISTS,
    TAGS,
    broken,
    failure,
    file,
    operation,
    situation,
)

SAME = Existing("table", "blog_tag", "public", shape=Shape.SAME)
VIEW = replace(SAME, kind="view", shape=Shape.OTHER_KIND)
INVALID = Existing("index", "blog_tag_name", "public", table_name="blog_tag", shape=Shape.SAME, valid=False)


def case(met: Failure = TAG_EXISTS, existing: Existing | None = None, **more: Any) -> Case:
    return Case(situation(met, **more), Finding(1, met, existing=existing))


@pytest.mark.parametrize(
    ("met", "inside", "collides"),
    [
        (TAG_EXISTS, True, True),
        (replace(TAG_EXISTS, phase=Phase.DEFERRED), True, True),
        (replace(TAG_EXISTS, phase=Phase.RECORD), False, False),
        (replace(TAG_EXISTS, migration=None), False, False),
        (replace(TAG_EXISTS, sqlstate="42P01"), True, False),
        (replace(TAG_EXISTS, sqlstate="23505"), True, False),
        (replace(TAG_EXISTS, sqlstate=None), True, False),
        *((replace(TAG_EXISTS, sqlstate=state), True, True) for state in ("42701", "42710", "42723", "42P06", "42P16")),
    ],
)
def test_collides(met: Failure, *, inside: bool, collides: bool) -> None:
    one = case(met)
    assert (one.in_migration, one.collides) == (inside, collides)


@pytest.mark.parametrize(
    ("existing", "blocked"),
    [
        (None, False),
        (SAME, False),
        (replace(SAME, shape=Shape.DIFFERS), False),
        (replace(SAME, shape=None), False),
        (VIEW, True),
        (INVALID, True),
    ],
)
def test_blocked_by_a_foreign_object(existing: Existing | None, *, blocked: bool) -> None:
    one = case(existing=existing)
    assert (one.blocked_by_foreign_object, one.may_be_own_work) == (blocked, not blocked)
    assert not case(replace(TAG_EXISTS, sqlstate="42P01"), existing).may_be_own_work  # nothing collides


WHOLE = (*POSTS, *TAGS)
GONE = failure(SLUG, "42703", "blog_post", column_name="old")


@pytest.mark.parametrize(
    ("met", "existing", "standing", "done", "may", "settles"),
    [
        # met, in its way, what stands: whole, in part, or nothing of it
        (TAG_EXISTS, SAME, WHOLE, True, True, True),
        (TAG_EXISTS, SAME, (*POSTS, *TAGS[:2]), False, True, True),
        (TAG_EXISTS, VIEW, WHOLE, False, False, False),
        (TAG_EXISTS, None, WHOLE, True, False, False),
        (replace(TAG_EXISTS, sqlstate="42P01"), None, WHOLE, True, True, True),
        (replace(TAG_EXISTS, sqlstate="42P01"), None, (*POSTS, *TAGS[:2]), False, True, False),
        (replace(TAG_EXISTS, sqlstate="42P01"), None, POSTS, False, False, False),
        (replace(TAG_EXISTS, sqlstate="23505"), None, WHOLE, False, False, False),
        (replace(TAG_EXISTS, sqlstate=None), None, WHOLE, False, False, False),
        (replace(TAG_EXISTS, phase=Phase.SMOKE), SAME, WHOLE, False, True, True),
        (replace(TAG_EXISTS, migration="blog.0009_unknown"), SAME, WHOLE, False, False, True),
    ],
)
def test_what_recording_settles(
    met: Failure, existing: Existing | None, standing: tuple[Fact, ...], *, done: bool, may: bool, settles: bool
) -> None:
    one = case(met, existing, standing=standing)
    assert (one.is_done_already, one.recording_may_settle_it, one.recording_settles_it) == (done, may, settles)


def test_without_a_reference_that_is_trusted_nothing_is_done_already() -> None:
    one = case(TAG_EXISTS, SAME, standing=WHOLE, reference=broken(failure(SLUG, "XX000"), *DELTAS[:2]))
    assert (one.effects, one.is_done_already, one.recording_may_settle_it) == (None, False, False)


def test_within_the_migration_are_its_own_cascades_and_beside_it_its_other_roots() -> None:
    index = failure(TAG, relation="blog_tag_name_1a2b3c4d", phase=Phase.DEFERRED)
    where = situation(TAG_EXISTS, SLUG_EXISTS, index, standing=[*WHOLE, *DELTAS[2].added])
    tag, slug = (Case(where, root) for root in where.roots)
    assert [one.id for one in tag.within_migration] == [1, 3]
    assert (slug.within_migration, tag.other_roots) == ((slug.root,), ())
    view = situation(TAG_EXISTS, index, standing=[*POSTS, table("blog_tag", "view"), TAGS[-1]])
    first = Case(view, view.roots[0])
    assert first.other_roots == view.roots[1:]


def test_holders_are_what_has_the_names_that_were_wanted() -> None:
    where = situation(TAG_EXISTS, standing=WHOLE)
    assert list(Case(where, where.roots[0]).holders) == [TAGS[0]]
    assert list(case(GONE).holders) == []


@pytest.mark.parametrize(
    ("met", "from_nothing", "fails"),
    [
        (TAG_EXISTS, None, False),
        (TAG_EXISTS, TAG_EXISTS, True),
        (TAG_EXISTS, replace(TAG_EXISTS, message="other words"), True),
        (TAG_EXISTS, replace(TAG_EXISTS, migration=SLUG), True),  # the same table, in another order
        (TAG_EXISTS, replace(TAG_EXISTS, migration=SLUG, relation="blog_slug"), False),
        (TAG_EXISTS, replace(TAG_EXISTS, sqlstate="42P01"), False),
        (TAG_EXISTS, replace(TAG_EXISTS, sandbox="the disk is full"), False),
        (TAG_EXISTS, replace(TAG_EXISTS, phase=Phase.RESTORE), False),
        (failure(TAG, None, exception="KeyError"), failure(TAG, None, exception="KeyError"), True),
        (failure(TAG, None, exception="KeyError"), failure(TAG, None, exception="ValueError"), False),
        *((replace(TAG_EXISTS, sqlstate=state),) * 2 + (False,) for state in ("42501", "25006", "3F000", "57014")),
    ],
)
def test_the_code_fails_from_nothing_too(met: Failure, from_nothing: Failure | None, *, fails: bool) -> None:
    reference = broken(from_nothing, *DELTAS[:1]) if from_nothing else None
    assert case(met, reference=reference).code_fails == fails


@pytest.mark.parametrize(
    ("met", "existing", "names"),
    [
        (TAG_EXISTS, SAME, {"blog_tag"}),
        (SLUG_EXISTS, None, {"blog_post.slug"}),
        (GONE, None, {"blog_post.old"}),
        (failure(TAG, "42P07", "tag_name", table_name="blog_tag"), INVALID, {"tag_name", "blog_tag_name"}),
        (failure(TAG, "23505", "blog_tag", table_name="blog_tag", constraint_name="uq"), None, {"uq"}),
    ],
)
def test_the_names_that_a_root_is_about(met: Failure, existing: Existing | None, names: set[str]) -> None:
    assert case(met, existing).wanted_names == names


def test_the_operation_that_failed_and_the_migrations_place_in_its_app() -> None:
    assert case().operation == FILES[1].operations[0]
    assert case(replace(TAG_EXISTS, operation=None)).operation is None
    assert case(replace(TAG_EXISTS, migration="blog.0009_unknown")).file is None
    assert (case().is_first_of_app, case(replace(TAG_EXISTS, migration=INITIAL)).is_first_of_app) == (False, True)
    assert (case(replace(TAG_EXISTS, migration=None)).migration, case().migration) == ("", TAG)


def test_code_that_would_still_change_rows() -> None:
    code = file(SLUG, operation("RunPython", "fill", code=True), parents=(TAG,))
    where = situation(SLUG_EXISTS, files=(*FILES[:2], code), code_runs=(CodeRun(SLUG, 0, 3), CodeRun(TAG, 0, 0)))
    assert [where.code_changes_rows(name) for name in BLOG] == [False, False, True]


def test_migrations_by_what_the_history_knows() -> None:
    where = situation(TAG_EXISTS, standing=[*WHOLE, *DELTAS[2].added], applied=(INITIAL, "blog.0002_gone", "shop.1"))
    assert where.recorded == {INITIAL, "blog.0002_gone", "shop.1"}
    assert where.recorded_of_app("blog") == (INITIAL, "blog.0002_gone")
    assert (where.unknown_of_app("blog"), where.unknown_of_app("shop")) == (("blog.0002_gone",), ("shop.1",))
    assert where.in_effect == (TAG, SLUG)
    assert where.maker("blog_post", "slug") == SLUG
    assert where.maker("blog_tag", constraint="blog_tag_name_1a2b3c4d") == TAG
    assert where.maker("blog_tag") == TAG
    assert where.maker("nothing") is None
    assert where.tables_of_models["blog.tag"] == "blog_tag"


def test_a_source_that_makes_what_the_root_is_about() -> None:
    text = """
class Migration(migrations.Migration):
    operations = [migrations.CreateModel(name="Tag", fields=[])]
"""
    assert case().is_made_by(TAG, text)
    assert not case(GONE).is_made_by(TAG, text)
    assert not case().is_made_by(TAG, None)
