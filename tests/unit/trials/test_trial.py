"""What a trial's trace and the state of its database say of a fix."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.model import Failure, Fix, FixOutcome, MigrationRun, Phase, Step, StepRun, Trace
from simulator.trials.trial import judged, without_migrate
from simulator.trials.verification import Verified

FIX = Fix("fake-exactly", "", (Step(manage=("migrate",)),))
WHOLE = Trace(complete=True, second_migrate=(), left=(), models_read=3)
UNREAD = Failure("E", 'relation "blog_tag" does not exist', Phase.SMOKE, sqlstate="42P01")
STOPPED = Failure("E", "m", Phase.OPERATION, "blog.0002_tag", sqlstate="42P07")


def outcome(trace: Trace, failure: Failure | None = None, **verified: Any) -> tuple[str, str]:
    fix = judged(FIX, trace, failure, Verified(**verified))
    return fix.outcome.value, fix.note


@pytest.mark.parametrize(
    ("verified", "expected"),
    [
        ({}, FixOutcome.WORKS),
        ({"before": ("old lacks x",), "rows_dropped": {"public.old": 3}}, FixOutcome.WORKS),
        ({"missing": ("blog_tag lacks name",)}, FixOutcome.DRIFTS),
        ({"added": ("index by_hand was added",)}, FixOutcome.DRIFTS),
        ({"invalid": ("index i is INVALID",)}, FixOutcome.DRIFTS),
        ({"unsafe": ("blog_tag.x is NOT NULL",)}, FixOutcome.DRIFTS),
        ({"missing": ("blog_tag lacks name",), "rows_lost": {"public.blog_tag": 2}}, FixOutcome.LOSES_DATA),
    ],
)
def test_what_came_to_its_end_is_judged_by_what_it_left(verified: dict[str, Any], expected: FixOutcome) -> None:
    assert outcome(WHOLE, **verified) == (expected.value, "")


def test_what_stops_fails_and_says_where() -> None:
    assert outcome(WHOLE, STOPPED) == ("fails", "at blog.0002_tag: 42P07 m")


def test_models_that_can_not_be_read_are_told_by_what_the_schema_lacks() -> None:
    unread = Trace(complete=True)
    assert outcome(unread, UNREAD, missing=("there is no table blog_tag",)) == ("drifts", "")
    assert outcome(unread, UNREAD) == ("fails", '42P01 relation "blog_tag" does not exist')


def test_what_did_not_come_to_its_end_or_left_something_pending_fails() -> None:
    assert outcome(Trace(complete=False))[0] == "fails"
    assert outcome(Trace(complete=True, left=()))[0] == "fails"
    assert outcome(Trace(complete=True, second_migrate=(), left=("blog.2",), models_read=3)) == (
        "fails",
        "migrate leaves pending: blog.2",
    )


def test_a_fix_takes_the_time_of_its_steps_and_of_the_migrations_after_them() -> None:
    trace = Trace(
        complete=True,
        second_migrate=(),
        left=(),
        models_read=1,
        steps=(StepRun(0, 0.25),),
        migrations=(MigrationRun("blog.2", 0.5, 3, finished=True),),
    )
    assert judged(FIX, trace, None, Verified()).seconds == 0.75


def test_the_last_migrate_is_the_rehearsals_own() -> None:
    steps = (Step(sql="SELECT 1"), Step(manage=("migrate", "--database=x")))
    assert without_migrate(steps, ("--database=x",)) == steps[:1]
    assert without_migrate((*steps, Step(sql="SELECT 2")), ("--database=x",)) == (*steps, Step(sql="SELECT 2"))
