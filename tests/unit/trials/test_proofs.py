"""What may be recorded without running it: only what is shown to have done all that it does besides the schema."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from simulator.findings.situation import HistoryTable, Situation
from simulator.model import Fix, FixOutcome, MigrationOperation, Step
from simulator.trials import plans, proofs
from tests.support import situations
from tests.support.facts import delta, index
from tests.support.situations import INITIAL, POSTS, SLUG, SLUG_EXISTS, SLUGS, TAG, TAGS, file, history

CODE = MigrationOperation("RunPython", "Raw Python operation", runs_code=True)
NOOP = MigrationOperation("RunPython", "Raw Python operation")
ADD = situations.operation("AddField", "Add field slug to post")


def raw(*statements: str) -> MigrationOperation:
    return MigrationOperation("RunSQL", "Raw SQL operation", runs_code=True, sql=statements)


def where(*operations: MigrationOperation, **more: Any) -> Situation:
    """Both later migrations of the blog are pending and stand; the last one consists of these operations."""
    files = (situations.FILES[0], situations.FILES[1], file(SLUG, *operations, parents=(TAG,)))
    given = {"standing": (*POSTS, *TAGS, *SLUGS), "files": files, **more}
    return situations.situation(SLUG_EXISTS, **given)


def kinds(situation: Situation, *recorded: str) -> tuple[list[str], list[str]]:
    found, unproven = proofs.proofs(situation, recorded)
    return [proof.kind for proof in found], list(unproven)


@pytest.mark.parametrize("operations", [(ADD,), (ADD, NOOP), ()])
def test_what_changes_the_schema_alone_needs_no_proof(operations: tuple[MigrationOperation, ...]) -> None:
    assert kinds(where(*operations), TAG, SLUG) == ([], [])


def test_code_beside_a_column_that_stands_is_not_proven_by_the_column() -> None:
    """A column made by hand has none of the values that the code would have given it."""
    assert kinds(where(ADD, CODE), SLUG) == ([], [SLUG])


def test_what_is_recorded_already_is_not_recorded_by_the_plan() -> None:
    assert kinds(where(ADD, CODE, table=history(INITIAL, SLUG)), SLUG) == ([], [])


# --- by the ids of django_migrations ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("gap", "proven"),
    [
        (0, False),  # nothing was ever recorded after the first
        (1, False),  # one of two: which, is not known
        (2, True),
        (3, False),  # an id was given out for something else, and so may others have been
    ],
)
def test_as_many_ids_must_be_gone_as_rows_may_have_been_lost(gap: int, proven: bool) -> None:
    assert kinds(where(ADD, CODE, table=history(INITIAL, gap=gap)), TAG, SLUG) == (
        (["history"], []) if proven else ([], [SLUG])
    )


def test_a_gap_is_looked_for_between_what_it_stands_on_and_what_stands_on_it() -> None:
    more = file("shop.0001", parents=(SLUG,))
    files = (situations.FILES[0], situations.FILES[1], file(SLUG, ADD, CODE, parents=(TAG,)), more)
    for ids, proven in (((1, 2, 4), True), ((1, 2, 3), False), ((2, 3, 4), False)):
        rows = [
            replace(row, id=number) for row, number in zip(history(INITIAL, TAG, "shop.0001").rows, ids, strict=True)
        ]
        table_ = HistoryTable(kind="table", rows=tuple(rows), next_id=5)
        situation = where(files=files, applied=(INITIAL, TAG, "shop.0001"), table=table_)
        assert kinds(situation, SLUG) == ((["history"], []) if proven else ([], [SLUG])), ids


@pytest.mark.parametrize("change", [{"next_id": None}, {"next_id": 1}])
def test_a_sequence_that_can_not_tell_proves_nothing(change: dict[str, Any]) -> None:
    assert kinds(where(ADD, CODE, table=replace(history(INITIAL, gap=2), **change)), TAG, SLUG) == ([], [SLUG])


def test_rows_that_were_not_written_in_the_order_of_their_ids_prove_nothing() -> None:
    rows = history(INITIAL, "auth.0001").rows
    turned = (replace(rows[0], applied=rows[1].applied), replace(rows[1], applied=rows[0].applied))
    table_ = HistoryTable(kind="table", rows=turned, next_id=5)
    assert kinds(where(ADD, CODE, applied=(INITIAL, "auth.0001"), table=table_), TAG, SLUG) == ([], [SLUG])


def test_a_gap_proves_nothing_where_the_schema_part_is_missing() -> None:
    situation = where(ADD, CODE, standing=(*POSTS, *TAGS), table=history(INITIAL, gap=2))
    assert kinds(situation, TAG, SLUG) == ([], [SLUG])


def test_what_stands_on_something_that_never_ran_was_not_lost() -> None:
    """The tags are not there: only the last one's id can be gone."""
    late = file("shop.0001", CODE, parents=(TAG,))
    files = (situations.FILES[0], situations.FILES[1], file(SLUG, ADD, CODE, parents=(INITIAL,)), late)
    situation = where(files=files, standing=(*POSTS, *SLUGS), table=history(INITIAL, gap=1))
    assert kinds(situation, SLUG) == (["history"], [])


# --- by running it ------------------------------------------------------------------------------------------


def test_code_that_changed_nothing_on_the_clone_needs_no_other_proof() -> None:
    found, unproven = proofs.proofs(where(ADD, CODE), {SLUG}, idle={SLUG})
    assert ([proof.kind for proof in found], unproven) == (["idle"], ())


# --- by the catalog --------------------------------------------------------------------------------


INDEX = index("blog_post", "post_title", "title")


@pytest.mark.parametrize(
    ("statements", "proven"),
    [
        (("CREATE INDEX post_title ON blog_post (title)",), True),
        (("CREATE INDEX IF NOT EXISTS other ON blog_post (title)",), False),
        (("CREATE INDEX post_title ON blog_post (title)", "UPDATE blog_post SET title = ''"), False),
        (("CREATE INDEX post_title ON blog_post (title)", "GRANT SELECT ON blog_post TO reader"), False),
        (("COMMENT ON INDEX post_title IS 'x'",), False),
    ],
)
def test_sql_is_proven_where_all_that_it_does_stands_in_the_catalog(statements: tuple[str, ...], proven: bool) -> None:
    deltas = (*situations.DELTAS[:2], delta(SLUG, *SLUGS, INDEX))
    situation = where(ADD, raw(*statements), deltas=deltas, standing=(*POSTS, *TAGS, *SLUGS, INDEX))
    assert kinds(situation, SLUG) == ((["catalog"], []) if proven else ([], [SLUG]))


def test_sql_beside_python_is_not_proven_by_the_catalog() -> None:
    deltas = (*situations.DELTAS[:2], delta(SLUG, *SLUGS, INDEX))
    situation = where(CODE, raw("CREATE INDEX post_title ON blog_post (title)"), deltas=deltas)
    assert kinds(situation, SLUG) == ([], [SLUG])


# --- by a squash -----------------------------------------------------------------------------------


def test_a_squash_is_proven_by_what_it_replaces_and_its_parts_by_it() -> None:
    squash = file("blog.0002_squashed", CODE, parents=(INITIAL,), replaces=(TAG, SLUG))
    parts = file(SLUG, ADD, CODE, parents=(TAG,))
    whole = where(files=(situations.FILES[0], squash), applied=(INITIAL, TAG, SLUG))
    assert kinds(whole, squash.name) == (["replaced"], [])
    half = where(files=(situations.FILES[0], squash), applied=(INITIAL, TAG))
    assert kinds(half, squash.name) == ([], [squash.name])
    recorded = where(files=(*situations.FILES[:2], parts, squash), applied=(INITIAL, TAG, squash.name))
    assert kinds(recorded, SLUG) == (["replaced"], [])


# --- what comes of it ------------------------------------------------------------------------------


TRIED = Fix("fake-exactly", "t", (Step(manage=("migrate", "blog", "0003", "--fake")),), FixOutcome.WORKS)


def test_a_plan_that_records_unproven_code_is_a_persons_and_so_is_one_among_several_histories() -> None:
    unproven = plans.left_to_a_person(TRIED, where(ADD, CODE, table=history(INITIAL, gap=5)), {SLUG})
    assert "whether the code of blog.0003_slug has run" in unproven.steps[0].person
    assert [fix.recommended for fix in plans.ranked([unproven])] == [False]
    tenants = where(ADD, table=replace(history(INITIAL), elsewhere=("acme", "globex")))
    several = plans.left_to_a_person(TRIED, tenants, {SLUG})
    assert "public, acme, globex" in several.steps[0].person
    assert [fix.recommended for fix in plans.ranked([several])] == [False]


def test_what_is_shown_never_to_have_run_is_no_question_but_a_persons_to_do() -> None:
    never = plans.left_to_a_person(TRIED, where(ADD, CODE), {SLUG})
    assert never.steps[0].person.startswith("do what the code of blog.0003_slug does by hand")
    assert "no id that no row has" in never.steps[0].person


def test_what_runs_instead_is_recommended_only_where_it_is_shown_never_to_have_run() -> None:
    running = replace(TRIED, id="drop-unfilled", steps=(Step(sql="ALTER TABLE"), Step(manage=("migrate",))))
    assert plans.running_instead(running, where(ADD, CODE), {SLUG}) == running
    asked = plans.running_instead(running, where(ADD, CODE, table=history(INITIAL, gap=5)), {SLUG})
    assert "find out whether the code of blog.0003_slug has run" in asked.steps[0].person
    failed = replace(running, outcome=FixOutcome.FAILS)
    assert plans.running_instead(failed, where(ADD, CODE, table=history(INITIAL, gap=5)), {SLUG}) == failed


def test_what_a_plan_recorded_without_proof_is_run_by_the_next_mend_that_sets_no_rows_aside() -> None:
    situation = where(ADD, CODE)
    chosen = plans.choices(situation, ())
    assert chosen.plan().fix.id == "fake-exactly"
    running = chosen.running(frozenset({SLUG}))
    assert running is not None
    assert running.plan().fix.id == "drop-unfilled"
    assert running.running(frozenset({SLUG})) is None
    assert chosen.running(frozenset({TAG})) is None
    tags = situations.situation(
        situations.TAG_EXISTS,
        standing=(*POSTS, *TAGS),
        files=(situations.FILES[0], file(TAG, situations.create("Tag", "blog.tag"), CODE, parents=(INITIAL,))),
        rows={"public.blog_tag": 3},
    )
    filled = plans.choices(tags, ())
    assert (filled.plan().fix.id, filled.running(frozenset({TAG}))) == ("fake-exactly", None)


def test_a_plan_with_its_proofs_is_recommended_and_carries_them() -> None:
    situation = where(ADD, CODE, table=history(INITIAL, gap=2))
    (fix,) = plans.ranked([plans.left_to_a_person(TRIED, situation, {TAG, SLUG})])
    assert (fix.recommended, fix.steps, [proof.migration for proof in fix.proofs]) == (True, TRIED.steps, [SLUG])


def test_a_fix_that_does_not_work_is_left_as_it_is() -> None:
    failed = replace(TRIED, outcome=FixOutcome.FAILS)
    assert plans.left_to_a_person(failed, where(ADD, CODE), {SLUG}) == failed
