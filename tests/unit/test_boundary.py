"""How the program ends: a bug's log without what was being worked on, a clean-up that nothing cuts short."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from simulator.boundary import describe_bug, guarded
from simulator.errors import ExitCode
from simulator.host import store
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


def interrupted() -> int:
    with store.open_run(keep=True):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)
    return 0


def test_a_run_that_was_to_be_kept_and_was_interrupted_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its reader never came to know how to enter it."""
    monkeypatch.setenv("MIGSIM_RUNS", str(tmp_path))
    monkeypatch.setattr(store, "_OPENED", set())  # what other tests of this process have left on purpose
    assert guarded(interrupted) == ExitCode.INTERRUPTED
    assert list(tmp_path.glob("*/")) == []
    assert "everything that was started has been removed" in capsys.readouterr().err


def test_what_could_not_be_removed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIGSIM_RUNS", str(tmp_path))
    monkeypatch.setattr(store, "_OPENED", set())  # what other tests of this process have left on purpose
    monkeypatch.setattr(store, "remove_tree", lambda _folder: None)  # as where a disk goes away in the middle
    assert guarded(interrupted) == ExitCode.INTERRUPTED
    (left,) = tmp_path.glob("*/")
    said = capsys.readouterr().err
    assert f"migsim: interrupted; not removed: {left}\nhint: migsim clean\n" in said
    assert "has been removed" not in said


def test_ctrl_c_while_migsim_is_imported_is_said_in_its_words() -> None:
    script = """\
import sys
class Pressed:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Pressed())
from simulator.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "migsim: interrupted; nothing was started\n")
