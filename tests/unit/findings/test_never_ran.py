"""What shows that a migration whose row is missing never ran on this database."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.findings.never_ran import never_ran
from simulator.findings.situation import Situation
from simulator.model import MigrationFile, MigrationOperation, Phase
from tests.support import situations
from tests.support.facts import column, delta
from tests.support.situations import BLOG, FILES, INITIAL, POSTS, SLUG, SLUGS, TAG, TAGS, failure, file, history

CODE = MigrationOperation("RunPython", "Raw Python operation", runs_code=True)
INCONSISTENT = failure(
    None, None, phase=Phase.PLAN, exception="django.db.migrations.exceptions.InconsistentMigrationHistory"
)
LATE = "shop.0001"
LOST = history(INITIAL, LATE, gap=4)  # ids are missing: by them alone nothing can be told


def where(*files: MigrationFile, **more: Any) -> Situation:
    """A shop's migration is recorded above the blog's last two, which are not."""
    given = {"applied": (INITIAL, LATE), "table": LOST, **more}
    files = files or (*FILES, file(LATE, parents=(SLUG,)))
    return situations.situation(INCONSISTENT, files=files, **given)


def test_nothing_of_what_it_makes_is_there() -> None:
    assert never_ran(where(), TAG) == "blog_tag, which it makes, is not there"
    assert never_ran(where(standing=(*POSTS, *TAGS[:2])), TAG) is None
    assert never_ran(where(standing=(*POSTS, *TAGS)), TAG) is None


def test_what_it_would_have_removed_is_there() -> None:
    title = next(fact for fact in POSTS if fact.name == "title")
    deltas = (*situations.DELTAS[:2], delta(SLUG, removed=(title,)))
    assert (
        never_ran(where(standing=(*POSTS, *TAGS), deltas=deltas), SLUG) == "blog_post.title, which it removes, is there"
    )
    gone = [fact for fact in POSTS if fact != title]
    assert never_ran(where(standing=(*gone, *TAGS), deltas=deltas), SLUG) is None


def test_what_depends_on_it_never_ran_either() -> None:
    assert never_ran(where(), SLUG) == "blog_post.slug, which it makes, is not there"
    code = (*FILES[:2], file(SLUG, CODE, parents=(TAG,)), file(LATE, parents=(SLUG,)))
    only = where(*code, deltas=situations.DELTAS[:2])
    assert never_ran(only, SLUG) == f"it depends on {TAG}: blog_tag, which it makes, is not there"


def test_what_uses_a_table_that_only_such_a_migration_makes_never_ran_either() -> None:
    apart = (*FILES[:2], file(SLUG, CODE, parents=(INITIAL,)), file(LATE, parents=(SLUG, TAG)))
    text = "def fill(apps, editor):\n    apps.get_model('blog', 'Tag').objects.create()"
    using = where(*apart, deltas=situations.DELTAS[:2], texts={SLUG: text})
    assert never_ran(using, SLUG) == f"it uses blog_tag, which {TAG} makes: blog_tag, which it makes, is not there"
    assert never_ran(where(*apart, deltas=situations.DELTAS[:2]), SLUG) is None


@pytest.mark.parametrize("change", ["recorded since removed it", "not atomic", "recorded and not on disk", "an index"])
def test_what_may_have_gone_otherwise_shows_nothing(change: str) -> None:
    files = (*FILES, file(LATE, parents=(SLUG,)))
    more: dict[str, Any] = {}
    if change == "recorded since removed it":
        more["deltas"] = (*situations.DELTAS, delta(LATE, removed=TAGS))
    elif change == "not atomic":
        files = (FILES[0], file(TAG, *FILES[1].operations, parents=(INITIAL,), atomic=False), *files[2:])
    elif change == "recorded and not on disk":
        more["applied"] = (INITIAL, LATE, "blog.0009_gone")
    else:
        more |= {"standing": (*POSTS, *TAGS[:4], *SLUGS), "deltas": (*situations.DELTAS[:1], delta(TAG, TAGS[-1]))}
    assert never_ran(where(*files, **more), TAG) is None


def test_no_id_of_the_history_is_missing() -> None:
    code = (*FILES[:2], file(SLUG, CODE, parents=(TAG,)), file(LATE, parents=(SLUG,)))
    for gap, shown in ((0, True), (1, False)):
        situation = where(
            *code,
            deltas=situations.DELTAS[:2],
            applied=(INITIAL, TAG, LATE),
            table=history(INITIAL, TAG, LATE, gap=gap),
            standing=(*POSTS, *TAGS),
        )
        assert (never_ran(situation, SLUG) is not None) == shown
    assert never_ran(where(table=history()), "blog.0004_unknown") is None
    assert all(never_ran(where(applied=BLOG, table=history(*BLOG)), name) is None for name in BLOG)


def test_of_a_squash_a_part_may_have_run() -> None:
    squash = file("blog.0002_squashed", CODE, parents=(INITIAL,), replaces=(TAG, SLUG))
    for applied, shown in (((INITIAL, TAG), False), ((INITIAL,), True)):
        situation = where(FILES[0], squash, applied=applied, table=history(*applied))
        assert (never_ran(situation, squash.name) is not None) == shown


def test_a_column_that_a_recorded_one_made_again_shows_nothing() -> None:
    title = column("blog_post", "title")
    deltas = (*situations.DELTAS[:2], delta(SLUG, removed=(title,)), delta(LATE, title))
    assert never_ran(where(standing=(*POSTS, *TAGS), deltas=deltas), SLUG) is None
