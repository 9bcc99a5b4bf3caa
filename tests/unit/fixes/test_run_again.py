"""A migration that is recorded and of whose work nothing is there."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import fixes
from simulator.findings.case import Case
from simulator.findings.situation import Situation
from simulator.fixes.route import Mend
from simulator.model import Fact, MigrationOperation, Phase
from tests.support import situations
from tests.support.facts import delta
from tests.support.situations import BLOG, FILES, INITIAL, POSTS, SLUG, TAG, TAGS, failure, file, history, situation

FILLED = Fact("column", "public", "blog_post", "slug", ("varchar(40)", "NOT NULL", "", "", "", ""))
DELTAS = (*situations.DELTAS[:2], delta(SLUG, FILLED))
NO_SLUG = failure(None, "42703", "blog_post", phase=Phase.SMOKE, column_name="slug")
CODE = MigrationOperation("RunPython", "Raw Python operation", runs_code=True)
ABOVE = "shop.0001"


def mend(where: Situation) -> Mend | None:
    return next((one for one in fixes.mends(Case(where, where.roots[0])) if one.fix == "run-again"), None)


def recorded(**more: Any) -> Situation:
    """All three are recorded, and the slug, which every row must have, is not there."""
    given = {"standing": [*POSTS, *TAGS], "applied": BLOG, "deltas": DELTAS, "rows": {"public.blog_post": 3}, **more}
    return situation(NO_SLUG, **given)


def test_its_row_is_taken_back_and_it_runs_with_its_own_default() -> None:
    found = mend(recorded())
    assert found is not None
    assert (found.run, found.back) == (frozenset({SLUG}), ())
    assert found.history == ("""DELETE FROM "django_migrations" WHERE ("app", "name") IN (('blog', '0003_slug'))""",)
    assert found.note == f"{SLUG} is recorded, and blog_post.slug, which it makes, is not there"


def test_rows_of_what_stands_on_it_are_put_back() -> None:
    files = (*FILES, file(ABOVE, parents=(SLUG,)))
    found = mend(recorded(files=files, applied=(*BLOG, ABOVE), table=history(*BLOG, ABOVE)))
    assert found is not None
    assert "('shop', '0001')" in found.history[0]
    assert found.back[0].endswith("VALUES (4, 'shop', '0001', '2026-01-04T00:00:00+00:00')")


@pytest.mark.parametrize(
    "more",
    [
        {"rows": {}},  # nothing needs a default: the column is just made
        {"files": (*FILES[:2], file(SLUG, CODE, parents=(TAG,)))},  # its code may have run
        {"applied": (*BLOG, "blog.0009_gone")},  # what is not on disk may have removed it
        {"applied": (INITIAL, TAG)},  # it is pending
    ],
)
def test_it_is_not_run_again_where_it_may_have_run_or_need_not(more: dict[str, Any]) -> None:
    assert mend(recorded(**more)) is None


def test_code_that_is_not_run_again_is_told() -> None:
    where = recorded(files=(*FILES[:2], file(SLUG, CODE, parents=(TAG,))))
    made = next(one for one in fixes.mends(Case(where, where.roots[0])) if one.fix == "recreate-missing")
    assert made.note.startswith(f"the code of {SLUG} is not run again")
