"""The ``migsim`` command as a person starts it, with runs in a private folder that can be looked over afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support import report_schema

PATIENCE = 60.0  # seconds until something that has to happen is given up


@dataclass(frozen=True)
class Done:
    """What one command printed, and its exit code."""

    code: int
    stdout: str
    stderr: str

    @property
    def report(self) -> dict[str, Any]:
        """The JSON that is alone on stdout."""
        found: dict[str, Any] = json.loads(self.stdout or "null") or pytest.fail(self.stderr)
        return found

    @property
    def complaint(self) -> tuple[str, str]:
        """The one line that says what is wrong, and the hint."""
        assert "Traceback" not in self.stderr, self.stderr
        said = [line for line in self.stderr.splitlines() if line.startswith("migsim: ")]
        hints = [line for line in self.stderr.splitlines() if line.startswith("hint: ")]
        assert (len(said), len(hints)) == (1, 1), self.stderr
        return said[0].removeprefix("migsim: "), hints[0].removeprefix("hint: ")


@dataclass(frozen=True)
class Live:
    """A command that is running; ``said`` has what it printed on stderr up to now."""

    child: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)
    lines: queue.SimpleQueue[str | None] = field(default_factory=queue.SimpleQueue)

    def wait_for(self, text: str) -> None:
        """Until a line of stderr begins with that."""
        while (line := self.lines.get(timeout=PATIENCE)) is not None:
            self.said.append(line)
            if line.startswith(text):
                return
        pytest.fail(f"it ended without saying {text!r}:\n{''.join(self.said)}")

    def send(self, number: signal.Signals) -> None:
        self.child.send_signal(number)

    def end(self) -> Done:
        """Wait for its end."""
        stdout = self.child.stdout.read() if self.child.stdout else ""
        code = self.child.wait(PATIENCE)
        while (line := self.lines.get(timeout=PATIENCE)) is not None:
            self.said.append(line)
        return Done(code, stdout, "".join(self.said))


@dataclass(frozen=True)
class Command:
    """Starts migsim in a folder; everything that it makes for a run is below ``runs``."""

    folder: Path
    runs: Path

    def __call__(
        self, *arguments: str, environment: Mapping[str, str] | None = None, prefix: Sequence[str] = ()
    ) -> Done:
        done = subprocess.run(
            [*prefix, sys.executable, "-m", "simulator", *arguments],
            cwd=self.folder,
            env=self._environment(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None, prefix: Sequence[str] = ()) -> Done:
        """``migsim run case`` on the embedded engine."""
        return self("run", "case", "--engine", "embedded", *arguments, environment=environment, prefix=prefix)

    def rehearse(
        self, *arguments: str, environment: Mapping[str, str] | None = None, trials: bool = False
    ) -> dict[str, Any]:
        """The JSON report of ``migsim run case`` that came to a verdict, and left nothing."""
        without = () if trials else ("--no-trials",)
        done = self.run("--format", "json", *without, *arguments, environment=environment)
        report = done.report
        assert report_schema.problems(report) == [], report_schema.problems(report)
        assert report["error"] is None, report["error"]
        assert done.code == report["exit_code"]
        self.assert_nothing_left()
        return report

    @contextlib.contextmanager
    def live(self, *arguments: str, engine: str = "embedded") -> Iterator[Live]:
        """The same while it runs; killed at the end of the block if it still does."""
        with self._running("run", "case", "--engine", engine, *arguments) as live:
            yield live

    @contextlib.contextmanager
    def live_nightly(self, *arguments: str) -> Iterator[Live]:
        """``nightly`` while it runs; killed at the end of the block if it still does."""
        with self._running("nightly", "--engine", "embedded", *arguments) as live:
            yield live

    @contextlib.contextmanager
    def _running(self, *arguments: str) -> Iterator[Live]:
        with subprocess.Popen(
            [sys.executable, "-m", "simulator", *arguments],
            cwd=self.folder,
            env=self._environment(None),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as child:
            live = Live(child)
            reader = threading.Thread(target=_read, args=(live,))
            reader.start()
            try:
                yield live
            finally:
                child.kill()
                reader.join(PATIENCE)

    def left(self) -> list[str]:
        """Folders of runs, and processes that have anything of them in their command line."""
        runs = [str(path) for path in self.runs.glob("*/")]
        return runs + [
            f"{process.pid} {' '.join(_words(process))[:200]}"
            for process in psutil.process_iter()
            if any(f"{self.runs}/" in word for word in _words(process))
        ]

    def assert_nothing_left(self) -> None:
        until(lambda: not self.left(), lambda: str(self.left()), patience=10)

    def _environment(self, more: Mapping[str, str] | None) -> dict[str, str]:
        return {**os.environ, "MIGSIM_RUNS": str(self.runs), "TMPDIR": str(self.runs.parent), **(more or {})}


def until(condition: Callable[[], object], otherwise: Callable[[], str] = str, patience: float = PATIENCE) -> None:
    """Wait for something that has to happen."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"it never happened: {otherwise()}"
        time.sleep(0.02)


def _read(live: Live) -> None:
    assert live.child.stderr is not None
    for line in live.child.stderr:
        live.lines.put(line)
    live.lines.put(None)


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
