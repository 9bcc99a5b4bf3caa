"""Many scenarios in a row: rows, words and codes; what each one's own process is told."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from simulator import batch
from simulator.batch import Result
from simulator.commands.options import Shared
from simulator.commands.run import Options, as_arguments

FAILURE = {"migration": "blog.0003_tag", "phase": "operation", "sqlstate": "42P07"}


def _report(verdict: str, **fields: Any) -> dict[str, Any]:
    return {"schema": "migsim.report/1", "verdict": verdict, "failure": None, "error": None, **fields}


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([0], 0),
        ([0, 0, 0], 0),
        ([0, 3, 0], 3),
        ([3, 1, 0], 1),
        ([0, 1, 4, 3], 4),
        ([0, 2], 3),  # a scenario file that can't be read is not safe
        ([0, -9], 3),
        ([130, 1], 1),
    ],
)
def test_the_most_severe_code_wins(codes: list[int], expected: int) -> None:
    assert batch.exit_code(codes) == expected


def test_counts_in_words_the_most_severe_first() -> None:
    assert batch.in_words([0, 1, 0, 3, 2, 4]) == (
        "6 scenarios: 1 met a bug in migsim, 1 would fail or not as expected, 2 could not be found out, "
        "2 safe or as expected"
    )
    assert batch.in_words([0]) == "1 scenario: 1 safe or as expected"


@pytest.mark.parametrize(
    ("result", "row"),
    [
        (Result("healthy", 0, 3.4, _report("safe")), ("healthy", "0", "3 s", "safe", "")),
        (
            Result("prod", 1, 40.6, _report("would-fail", failure=FAILURE)),
            ("prod", "1", "41 s", "would-fail", "blog.0003_tag 42P07"),
        ),
        (
            Result("known", 0, 5, _report("would-fail", failure=FAILURE)),
            ("known", "0", "5 s", "would-fail, as expected", "blog.0003_tag 42P07"),
        ),
        (Result("hoped", 1, 5, _report("safe")), ("hoped", "1", "5 s", "safe, not as expected", "")),
        (
            Result("cut", 3, 1, _report("unknown", error={"message": "prod.dump is truncated", "hint": "again"})),
            ("cut", "3", "1 s", "unknown", "prod.dump is truncated"),
        ),
        (
            Result("smoke", 1, 1, _report("would-fail", failure={**FAILURE, "migration": None, "phase": "smoke"})),
            ("smoke", "1", "1 s", "would-fail", "smoke 42P07"),
        ),
        (
            Result("slow", 3, 9, _report("unknown", failure={**FAILURE, "exception": "Timeout", "sqlstate": None})),
            ("slow", "3", "9 s", "unknown", "blog.0003_tag timeout"),
        ),
        (Result("typo", 2, 0.2), ("typo", "3", "0 s", "no report, see typo.log", "")),
    ],
    ids=lambda value: value.name if isinstance(value, Result) else "",
)
def test_a_row_of_the_summary(result: Result, row: tuple[str, ...]) -> None:
    assert batch.summary([result]) == [row]


def test_each_scenarios_process_is_told_every_option_but_those_of_the_parent() -> None:
    """And no value of a variable: others of this machine read command lines."""
    shared = Shared({"dump": "a.dump"}, {"KEY": "hunter2", "DEBUG": None}, "embedded", "schema", "require", "verbose")
    given = Options(
        shared=shared,
        format="json",
        output=Path("kept"),
        keep=True,
        no_trials=True,
        try_reset=True,
        jobs=2,
    )
    assert all(getattr(given, field.name) != field.default for field in fields(Options))
    assert all(getattr(shared, field.name) != field.default for field in fields(Shared))
    assert shared.set_in_environment == {"KEY": "hunter2"}
    assert as_arguments(given) == [
        "--engine=embedded",
        "--tier=schema",
        "--confine=require",
        "--verbose",
        "--env=KEY",
        "--env=DEBUG",
        "--keep",
        "--no-trials",
        "--try-reset",
    ]
    few = replace(given, shared=Shared(engine="docker"), keep=False, no_trials=False, try_reset=False)
    assert as_arguments(few) == ["--engine=docker"]
