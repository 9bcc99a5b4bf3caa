"""Causes that lie in rows. No row is ever part of the evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from simulator.findings.situation import BehindSequence
from simulator.model import CodeRun, Fact, MigrationOperation, Phase
from tests.support.facts import column, delta, unique
from tests.support.situations import (
    DELTAS,
    INITIAL,
    POSTS,
    SLUG,
    SLUGS,
    TAG,
    TAGS,
    broken,
    cause,
    failure,
    file,
    history,
    named,
    operation,
    with_file,
)

ALTER = operation("AlterField", "Alter field title on post")
CODE = operation("RunPython", "Raw Python operation", code=True)
APPLIED: dict[str, Any] = {"standing": (*POSTS, *TAGS), "applied": (INITIAL, TAG)}
ROWS = {"public.blog_post": 4212}


def of(*operations: MigrationOperation) -> dict[str, Any]:
    return {**APPLIED, "files": with_file(file(SLUG, *operations, parents=(TAG,)))}


@pytest.mark.parametrize(
    ("sqlstate", "expected"),
    [
        ("23502", "null-values"),
        ("23503", "orphan-rows"),
        ("23505", "duplicate-values"),
        ("23P01", "duplicate-values"),
        ("23514", "check-violated"),
        ("22001", "value-does-not-fit"),
        ("22P02", "value-does-not-fit"),
        ("22003", "value-does-not-fit"),
        ("54000", "value-does-not-fit"),
    ],
)
def test_the_sqlstate_says_what_the_rows_are_like(sqlstate: str, expected: str) -> None:
    rows = failure(SLUG, sqlstate, "blog_post", column_name="title", operation=ALTER.text)
    assert named(rows, **of(ALTER)) == (expected, "certain")
    assert named(rows, **of(ALTER), reference=broken(rows, *DELTAS[:2]))[0] == "code"
    assert named(replace(rows, phase=Phase.SMOKE), **of(ALTER))[0] == "unexplained"


def test_a_column_that_is_only_changed_is_not_new() -> None:
    """Not yet as the migration makes it, and yet there: its NULLs are the rows' own."""
    strict = column("blog_post", "title", null="NOT NULL")
    deltas = (*DELTAS[:2], delta(SLUG, strict, removed=(POSTS[2],)))
    rows = failure(SLUG, "23502", "blog_post", column_name="title", operation=ALTER.text)
    assert cause(rows, **of(ALTER), deltas=deltas).evidence[0] == "rows of blog_post.title hold NULL"


def test_the_evidence_has_the_column_and_how_many_rows_there_are() -> None:
    rows = failure(SLUG, "23502", "blog_post", column_name="title", operation=ALTER.text)
    assert cause(rows, **of(ALTER), rows=ROWS).evidence == (
        "rows of blog_post.title hold NULL",
        "public.blog_post has 4,212 rows",
        f"without rows {SLUG} passes",
    )


def test_a_type_that_can_not_be_cast_is_less_sure() -> None:
    cast = failure(SLUG, "42846", "blog_post", operation=ALTER.text)
    assert named(cast, **of(ALTER)) == ("value-does-not-fit", "likely")


# --- values that the migration itself makes ------------------------------------------------------

UNIQUE = unique("blog_post", "blog_post_slug_uniq", "slug")
ADD = operation("AddField", "Add field slug to post")
TWICE = failure(SLUG, "23505", "blog_post", constraint_name="blog_post_slug_uniq", operation=ADD.text)


def test_a_default_that_every_row_gets() -> None:
    """A default such as uuid4 is called once, and then a unique column has it in every row."""
    deltas = (*DELTAS[:2], delta(SLUG, *SLUGS, UNIQUE))
    found = cause(TWICE, **of(ADD), deltas=deltas, rows=ROWS)
    assert (found.id, found.confidence) == ("unique-by-code", "certain")
    assert found.evidence[0] == "blog_post.slug is new: its values come from the migration, not from the rows"
    assert "blog_post_slug_uniq: UNIQUE (slug)" in found.evidence


def test_a_column_that_was_there_before_has_its_own_values() -> None:
    deltas = (DELTAS[0], delta(TAG, *TAGS, *SLUGS), delta(SLUG, UNIQUE))
    more = {**of(ADD), "standing": (*POSTS, *TAGS, *SLUGS), "deltas": deltas}
    assert named(TWICE, **more) == ("duplicate-values", "certain")


def test_a_number_that_a_row_has_already() -> None:
    insert = failure(SLUG, "23505", "blog_post", constraint_name="blog_post_pkey", operation=CODE.text)
    behind = (BehindSequence("public", "blog_post", "id"),)
    assert named(insert, **of(CODE), behind=behind) == ("sequence-behind", "likely")
    assert named(insert, **of(CODE))[0] == "code-on-data"
    assert named(replace(insert, constraint_name="title_uq"), **of(CODE), behind=behind)[0] == "sequence-behind"
    other = (BehindSequence("public", "blog_tag", "id"),)
    assert named(insert, **of(CODE), behind=other)[0] == "code-on-data"


def test_a_constraint_on_another_column_is_not_about_the_numbers() -> None:
    title = Fact("constraint", "public", "blog_post", "title_uq", ("unique", "UNIQUE (title)", "VALID"))
    insert = failure(SLUG, "23505", "blog_post", constraint_name="title_uq", operation=CODE.text)
    more = {**of(CODE), "standing": (*POSTS, *TAGS, title), "behind": (BehindSequence("public", "blog_post", "id"),)}
    assert named(insert, **more)[0] == "code-on-data"


# --- code ----------------------------------------------------------------------------------------


def test_rows_changed_and_the_table_altered_in_one_transaction() -> None:
    pending = failure(SLUG, "55006", "blog_post", operation=ADD.text)
    found = cause(pending, **of(CODE, ADD), code_runs=(CodeRun(SLUG, 0, 7),))
    assert (found.id, found.confidence) == ("pending-triggers", "certain")
    assert found.evidence[0] == f"{SLUG} changes 7 rows in operation 1"
    assert named(pending, **of(CODE, ADD), code_runs=(CodeRun(TAG, 0, 7),)) == ("pending-triggers", "likely")
    from_nothing = cause(pending, **of(CODE, ADD), reference=broken(pending, *DELTAS[:2]))
    assert from_nothing.id == "pending-triggers"
    assert any("from an empty database" in said for said in from_nothing.evidence)


def test_the_migrations_own_code_fails_on_these_rows() -> None:
    wrong = failure(SLUG, None, exception="blog.models.Post.DoesNotExist", operation=CODE.text)
    assert named(wrong, **of(CODE)) == ("code-on-data", "likely")
    assert named(wrong, **of(CODE), reference=broken(wrong, *DELTAS[:2]))[0] == "code"
    assert named(replace(wrong, operation=ADD.text), **of(CODE, ADD))[0] == "unexplained"


def test_code_that_goes_on_after_an_error_of_the_database() -> None:
    swallowed = failure(
        SLUG, "23505", "blog_post", exception="django.db.transaction.TransactionManagementError", operation=CODE.text
    )
    assert named(swallowed, **of(CODE)) == ("code-on-data", "likely")
    later = failure(SLUG, "25P02", operation=ADD.text)
    assert named(later, **of(CODE, ADD)) == ("code-on-data", "likely")
    assert named(later, **of(ADD))[0] == "unexplained"


def view(text: str) -> Fact:
    return Fact("relation", "public", "report", "", ("view", text))


def test_a_view_reads_from_what_is_changed() -> None:
    refused = failure(SLUG, "0A000", "blog_post", operation=ALTER.text)
    more = of(ALTER)
    found = cause(refused, **{**more, "standing": (*POSTS, *TAGS, view("SELECT p.title FROM public.blog_post p"))})
    assert (found.id, found.confidence) == ("dependent-view", "certain")
    assert found.evidence == ("view public.report reads from it, and no migration makes it",)
    assert (
        named(refused, **{**more, "standing": (*POSTS, *TAGS, view("SELECT 1 FROM blog_post_old"))})[0] == "unexplained"
    )
    dropped = replace(refused, sqlstate="2BP01")
    assert named(dropped, **more) == ("dependent-view", "possible")


def test_code_that_writes_what_is_there_may_have_run_before() -> None:
    sql = "INSERT INTO blog_post (title) VALUES (%s)"
    insert = failure(SLUG, "23505", "blog_post", constraint_name="title_uq", operation=CODE.text, sql=sql)
    assert cause(insert, **of(CODE), table=history(INITIAL)).evidence[1] == "from an empty database it passes"
    lost = cause(insert, **of(CODE), table=history(INITIAL, gap=2), deltas=DELTAS[:2])
    assert (lost.id, lost.confidence) == ("lost-record", "likely")
    assert lost.evidence[2] == f"the code of {SLUG} writes to blog_post what is there already (title_uq)"
    undone = cause(insert, **of(CODE), table=history(INITIAL, gap=2))  # another operation of it has not run
    assert (undone.id, undone.evidence[1]) == ("code-on-data", "it may have run before: the history has lost rows")


def test_an_older_django_meets_an_identity_column() -> None:
    drops = failure(
        SLUG, "2BP01", "blog_post_id_seq", sql="DROP SEQUENCE IF EXISTS blog_post_id_seq", operation=ALTER.text
    )
    assert named(drops, **of(ALTER)) == ("identity-column", "likely")
    assert named(replace(drops, sql="ALTER TABLE blog_post DROP COLUMN title"), **of(ALTER))[0] == "dependent-view"


def test_a_trigger_that_names_the_column() -> None:
    text = "CREATE TRIGGER keep BEFORE UPDATE OF title ON public.blog_post FOR EACH ROW EXECUTE FUNCTION f()"
    trigger = Fact("trigger", "public", "blog_post", "keep", (text,))
    retyped = (
        *DELTAS[:2],
        delta(SLUG, column("blog_post", "title", "varchar(9)"), removed=(column("blog_post", "title"),)),
    )
    refused = failure(SLUG, "0A000", "blog_post", operation=ALTER.text)
    found = cause(refused, **{**of(ALTER), "standing": (*POSTS, *TAGS, trigger), "deltas": retyped})
    assert (found.id, found.confidence) == ("dependent-trigger", "certain")
    assert found.evidence == ("trigger keep on blog_post names it, and no migration makes it",)
