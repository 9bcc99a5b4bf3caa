"""How the program ends: a bug's log without what was being worked on, a clean-up that nothing cuts short."""

import os
import signal
import tempfile
import time
from pathlib import Path

import pytest

from simulator.boundary import describe_bug, guarded
from simulator.errors import ExitCode
from simulator.host.deadline import deadline

ROW = {"email": "ann@example.org"}


def looking_up(row: dict[str, str]) -> str:
    try:
        return row["name"]
    except KeyError as error:
        raise RuntimeError(f"no name in {row}") from error


def test_the_log_of_a_bug_has_frames_and_classes_but_no_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(RuntimeError) as caught:
        looking_up(ROW)
    bug = describe_bug(caught.value)
    (log,) = tmp_path.glob("migsim-bug-*.md")
    text = log.read_text()
    assert str(log) in str(bug.hint)
    assert ("builtins.KeyError\n" in text, "builtins.RuntimeError\n" in text) == (True, True)
    assert "in looking_up" in text
    assert "ann@example.org" not in text


def test_a_time_limit_does_not_end_the_cleaning_up_after_ctrl_c(capsys: pytest.CaptureFixture[str]) -> None:
    cleaned = []

    def command() -> int:
        with deadline(0.2, "too late", "wait longer"):
            try:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(5)
            finally:
                time.sleep(0.4)
                cleaned.append(True)
        return 0

    assert guarded(command) == ExitCode.INTERRUPTED
    assert cleaned == [True]
    assert "too late" not in capsys.readouterr().err
