"""Many scenarios in a row: rows, words and codes; and the real processes, reports and signals of a night."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.console import Console

from simulator import batch as nights
from simulator.batch import Result

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
def test_the_gravest_code_wins(codes: list[int], expected: int) -> None:
    assert nights.exit_code(codes) == expected


def test_counts_in_words_the_gravest_first() -> None:
    assert nights.in_words([0, 1, 0, 3, 2, 4]) == (
        "6 scenarios: 1 met a bug in migsim, 1 would fail or not as expected, 2 could not be found out, "
        "2 safe or as expected"
    )
    assert nights.in_words([0]) == "1 scenario: 1 safe or as expected"


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
        (Result("typo", 2, 0.2), ("typo", "3", "0 s", "no report, see typo.log", "")),
    ],
    ids=lambda value: value.name if isinstance(value, Result) else "",
)
def test_a_row_of_the_summary(result: Result, row: tuple[str, ...]) -> None:
    assert nights.summary([result]) == [row]


# --- with real processes -------------------------------------------------------------------------


def test_what_breaks_does_not_stop_the_others_and_everything_is_kept(tmp_path: Path) -> None:
    """Neither scenario needs an engine to end: one has no dump, one is no scenario."""
    _scenario(tmp_path, "no-dump", "baseline: [{restore: absent.dump}]")
    _scenario(tmp_path, "typo", "basline: []")
    (tmp_path / "project").mkdir()
    wanted = {str(tmp_path / "scenarios" / f"{name}.yaml"): () for name in ("typo", "no-dump")}
    output = Console(file=io.StringIO(), width=80)
    code = nights.run_many(wanted, jobs=2, output=tmp_path / "reports", console=output)
    text = output.file.getvalue()  # type: ignore[attr-defined]
    assert code == 3
    assert [line.split()[:2] for line in text.splitlines()[:3]] == [
        ["scenario", "exit"],
        ["typo", "3"],
        ["no-dump", "3"],
    ]
    assert "2 scenarios: 2 could not be found out" in text
    (folder,) = (tmp_path / "reports").iterdir()
    assert "basline" in (folder / "typo.log").read_text()
    assert json.loads((folder / "no-dump.json").read_text())["verdict"] == "unknown"
    assert "absent.dump" in (folder / "no-dump.txt").read_text()


def test_as_json_there_is_one_document_with_every_report_there_is(tmp_path: Path) -> None:
    _scenario(tmp_path, "no-dump", "baseline: [{restore: absent.dump}]")
    _scenario(tmp_path, "typo", "basline: []")
    (tmp_path / "project").mkdir()
    wanted = {str(tmp_path / "scenarios" / f"{name}.yaml"): () for name in ("no-dump", "typo")}
    output = io.StringIO()
    nights.run_many(wanted, jobs=2, output=tmp_path / "reports", console=Console(file=output), form="json")
    document = json.loads(output.getvalue())
    assert document["schema"] == "migsim.reports/1"
    assert [each["scenario"] for each in document["reports"]] == ["no-dump"]


def test_two_nights_in_one_minute_have_a_folder_each(tmp_path: Path) -> None:
    _scenario(tmp_path, "typo", "basline: []")
    wanted = {str(tmp_path / "scenarios" / "typo.yaml"): ()}
    for _ in range(2):
        nights.run_many(wanted, jobs=1, output=tmp_path / "reports", console=Console(file=io.StringIO()))
    assert len(list((tmp_path / "reports").iterdir())) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_reaches_the_rehearsals(tmp_path: Path, number: signal.Signals) -> None:
    """We hold the lock that every rehearsal takes before it starts anything, so it waits until it is told to end."""
    _scenario(tmp_path, "waits", "tags: [nightly]")
    (tmp_path / "runs").mkdir()
    with (tmp_path / "runs" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen(
            [sys.executable, "-m", "simulator", "nightly"],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            env=os.environ | {"MIGSIM_RUNS": str(tmp_path / "runs")},
        ) as night:
            child = _rehearsal_of(night)
            night.send_signal(number)
            night.communicate()
    assert night.returncode == (130 if number == signal.SIGINT else 143)
    assert not Path(f"/proc/{child}").exists()


def _scenario(folder: Path, name: str, rest: str) -> None:
    (folder / "scenarios").mkdir(exist_ok=True)
    text = f"version: 1\nname: {name}\ndjango: {{project: project}}\n{rest}\n"
    (folder / "scenarios" / f"{name}.yaml").write_text(text)


def _rehearsal_of(night: subprocess.Popen[bytes]) -> int:
    """The process that the night has started, once it waits for the lock (its handlers are in place then)."""
    while night.poll() is None:
        for child in psutil.Process(night.pid).children():
            with contextlib.suppress(psutil.Error, FileNotFoundError):
                if any(file.path.endswith("/runs/.lock") for file in child.open_files()):
                    return child.pid
        time.sleep(0.05)
    raise AssertionError((night.stderr.read() if night.stderr else b"").decode())
