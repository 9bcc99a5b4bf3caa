"""What of a migration's work stands in a database already."""

from __future__ import annotations

from simulator.findings import effects
from tests.support.facts import catalog, column, delta, index, table, unique

POST, BODY = table("blog_post"), column("blog_post", "body")
NARROW, WIDE = column("blog_post", "title", "varchar(20)"), column("blog_post", "title", "varchar(80)")
INITIAL = delta("blog.1", POST, BODY, NARROW)
WIDEN = delta("blog.2", WIDE, removed=(NARROW,))
STRIP = delta("blog.3", removed=(BODY,))
DELTAS = effects.by_migration([delta(None), INITIAL, WIDEN, STRIP])
PENDING = ("blog.1", "blog.2", "blog.3")


def test_a_migration_whose_work_is_whole_is_all_there() -> None:
    found = effects.effects(DELTAS, PENDING, catalog(POST, BODY, NARROW))
    assert found["blog.1"].all_there
    assert found["blog.2"].absent == {WIDE}
    assert found["blog.3"].still == {BODY}


def test_a_later_version_of_a_thing_has_the_earlier_in_it() -> None:
    """Widened and stripped already: nothing of the three is left to do, although no column is as the first made it."""
    found = effects.effects(DELTAS, PENDING, catalog(POST, WIDE))
    assert all(found[name].all_there for name in PENDING)
    assert found["blog.3"].gone == {BODY}


def test_what_no_migration_ever_made_it_is_different() -> None:
    other = column("blog_post", "title", "integer")
    found = effects.effects(DELTAS, PENDING, catalog(POST, BODY, other))
    assert found["blog.1"].different == ((other, NARROW),)
    assert not found["blog.1"].all_there


def test_of_a_table_that_is_not_there_nothing_was_removed() -> None:
    found = effects.effects(DELTAS, PENDING, catalog())
    assert found["blog.1"].absent == {POST, BODY, NARROW}
    assert found["blog.3"].still == {BODY}


def test_a_constraint_of_the_same_definition_counts_under_any_name() -> None:
    added = delta("blog.1", unique("blog_post", "uq", "title"), index("blog_post", "ix", "body"))
    standing = catalog(POST, unique("blog_post", "by_hand", "title"), index("blog_post", "other", "title"))
    found = effects.effects({"blog.1": added}, ("blog.1",), standing)["blog.1"]
    assert found.present == {unique("blog_post", "uq", "title")}
    assert found.absent == {index("blog_post", "ix", "body")}


def test_the_reference_is_kept_after_each_migration() -> None:
    reference = effects.reference_of([delta(None), INITIAL, WIDEN, delta("", table("extra"))], None)
    assert list(reference.after) == ["blog.1", "blog.2"]
    assert reference.after["blog.1"].facts == {POST, BODY, NARROW}
    assert reference.final.facts == {POST, BODY, WIDE, table("extra")}
    assert reference.complete


def test_a_table_that_a_recorded_migration_made_and_one_drops_or_renames_is_gone() -> None:
    entry = table("blog_entry")
    renamed = delta("blog.4", entry, column("blog_entry", "body"), removed=(POST, BODY))
    deltas = effects.by_migration([delta(None), INITIAL, renamed])
    standing = catalog(entry, column("blog_entry", "body"))
    assert effects.effects(deltas, ("blog.4",), standing)["blog.4"].all_there
    # Where nothing says that it was ever made, nothing says that it was renamed.
    assert effects.effects(deltas, ("blog.1", "blog.4"), standing)["blog.4"].still == {POST, BODY}
    dropped = effects.by_migration([delta(None), INITIAL, delta("blog.5", removed=(POST, BODY))])
    assert effects.effects(dropped, ("blog.5",), catalog())["blog.5"].all_there
