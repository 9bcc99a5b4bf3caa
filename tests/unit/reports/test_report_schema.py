"""docs/report.schema.json says of every report what it holds; the end-to-end tests hold real ones against it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulator import reports as render
from simulator.model import Attempt, Dump, Failure, Finding, History, MigrationRun, Phase, Report, Verdict
from tests.support.report_schema import problems

FAILURE = Failure("django.db.utils.ProgrammingError", 'relation "t" already exists', Phase.OPERATION, sqlstate="42P07")
FULL = Report(
    scenario="prod-copy",
    verdict=Verdict.WOULD_FAIL,
    exit_code=1,
    engine="docker",
    role="shop_app",
    versions={"migsim": "1", "postgres": "15.18"},
    dump=Dump(Path("prod.dump"), "custom", taken_at=datetime.now(UTC)),
    history=History(recorded=1, pending=("a.b",), renamed={"a.b": "a.c"}),
    failure=FAILURE,
    findings=(Finding(1, FAILURE),),
    migrations=(MigrationRun("a.b", 1.0, 3),),
    attempts=(Attempt("tcp", "127.0.0.1:80"),),
    timings={"restore": 1.5},
    error=("a", "b"),
)
EMPTY = Report(scenario="x", verdict=Verdict.UNKNOWN, exit_code=3, versions={"migsim": "1"})


@pytest.mark.parametrize("reports", [(FULL,), (EMPTY,), (FULL, EMPTY)])
def test_reports_are_as_the_schema_says(reports: tuple[Report, ...]) -> None:
    assert problems(json.loads(render.to_json(reports))) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"verdict": "maybe"}, "$.verdict: 'maybe'"),
        ({"extra": 1}, "$.extra: not in the schema"),
        ({"exit_code": 2}, "$.exit_code: 2"),
        ({"models_read": True}, "$.models_read: True"),
    ],
)
def test_what_the_schema_does_not_say_is_found(change: dict[str, object], problem: str) -> None:
    assert problem in problems({**json.loads(render.to_json([FULL])), **change})


def test_a_key_that_is_missing_is_found() -> None:
    report = json.loads(render.to_json([FULL]))
    del report["failure"]["phase"]
    assert "$.failure.phase: missing" in problems(report)
