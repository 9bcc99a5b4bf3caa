"""Many scenarios in a row: the real processes, reports and signals of a night."""

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

import psutil
import pytest

from simulator import batch
from simulator.host.terminal import Terminal


def test_what_breaks_does_not_stop_the_others_and_everything_is_kept(tmp_path: Path) -> None:
    """Neither scenario needs an engine to end: one has no dump, one is no scenario."""
    _scenario(tmp_path, "no-dump", "baseline: [{restore: absent.dump}]")
    _scenario(tmp_path, "typo", "basline: []")
    (tmp_path / "project").mkdir()
    wanted = {str(tmp_path / "scenarios" / f"{name}.yaml"): () for name in ("typo", "no-dump")}
    output = Terminal(file=io.StringIO())
    code = batch.run_many(wanted, jobs=2, output=tmp_path / "reports", console=output)
    assert isinstance(output.file, io.StringIO)
    text = output.file.getvalue()
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
    batch.run_many(wanted, jobs=2, output=tmp_path / "reports", console=Terminal(file=output), form="json")
    document = json.loads(output.getvalue())
    assert document["schema"] == "migsim.reports/1"
    assert [each["scenario"] for each in document["reports"]] == ["no-dump"]


def test_two_nights_in_one_minute_have_a_folder_each(tmp_path: Path) -> None:
    _scenario(tmp_path, "typo", "basline: []")
    wanted = {str(tmp_path / "scenarios" / "typo.yaml"): ()}
    for _ in range(2):
        batch.run_many(wanted, jobs=1, output=tmp_path / "reports", console=Terminal(file=io.StringIO()))
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


def _rehearse(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "simulator", "run", *arguments]
    environment = os.environ | {"MIGSIM_RUNS": str(folder / "runs")}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)


def test_a_report_is_kept_before_the_next_scenario_begins(tmp_path: Path) -> None:
    """The second one's report can't be written: a folder stands in its place."""
    for name in ("first", "second"):
        _scenario(tmp_path, name, "baseline: [{restore: absent.dump}]")
    (tmp_path / "project").mkdir()
    (tmp_path / "kept" / "second.json").mkdir(parents=True)
    done = _rehearse(tmp_path, "first", "second", "--output", "kept")
    assert done.returncode == 3
    assert "kept/second.json: Is a directory" in done.stderr
    assert json.loads((tmp_path / "kept" / "first.json").read_text())["scenario"] == "first"
    assert "absent.dump" in (tmp_path / "kept" / "first.txt").read_text()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("same", "same"), "same.yaml is named twice"),
        (("same", "elsewhere/scenarios/other.yaml"), "other.yaml have the same name"),
    ],
)
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_two_scenarios_of_one_name_are_refused(tmp_path: Path, names: tuple[str, ...], said: str, jobs: str) -> None:
    _scenario(tmp_path, "same", "baseline: [{restore: absent.dump}]")
    (tmp_path / "elsewhere").mkdir()
    _scenario(tmp_path / "elsewhere", "same", "baseline: []")
    same = tmp_path / "elsewhere" / "scenarios" / "same.yaml"
    same.rename(same.with_name("other.yaml"))
    done = _rehearse(tmp_path, *names, "--jobs", jobs)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert "hint: migsim run same" in done.stderr


@pytest.mark.parametrize("arguments", [("list",), ("list", "--format", "json"), ("validate",), ("doctor",)])
def test_a_reader_who_leaves_is_no_verdict(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """As with `migsim run prod-copy | head -1`: 1 would mean that migrate would fail."""
    _scenario(tmp_path, "typo", "baseline: []")
    readable, writable = os.pipe()
    os.close(readable)
    try:
        command = [sys.executable, "-m", "simulator", *arguments]
        done = subprocess.run(command, cwd=tmp_path, stdout=writable, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writable)
    assert (done.returncode, done.stderr) == (141, "")


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
