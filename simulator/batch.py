"""Many scenarios in a row: each in a process of its own, its report kept, one table and one exit code at the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Literal

from simulator.errors import MOST_SEVERE_FIRST, ExitCode, Terminated, UsageError, most_severe
from simulator.host import parent
from simulator.host.terminal import Terminal, printer
from simulator.model import TIMEOUT, Report
from simulator.reports import SCHEMA_OF_SEVERAL, to_json
from simulator.scenario.files import Tagged, name_of
from simulator.wording import count, json_text

COLUMNS = ("scenario", "exit", "took", "verdict", "stops at")
# How long interrupted rehearsals get to remove what they made before they are killed.
SECONDS_TO_CLEAN_UP = 60.0
SECONDS_BETWEEN_LOOKS = 0.1

_WORDS = {
    ExitCode.SAFE: "safe or as expected",
    ExitCode.WOULD_FAIL: "would fail or not as expected",
    ExitCode.CANNOT_TELL: "could not be found out",
    ExitCode.BUG: "met a bug in migsim",
}
# The exit code that a verdict has where nothing else was expected.
_PLAIN = {
    (ExitCode.SAFE, "safe"),
    (ExitCode.WOULD_FAIL, "would-fail"),
    (ExitCode.CANNOT_TELL, "unknown"),
    (ExitCode.BUG, "unknown"),
}


@dataclass(frozen=True)
class Result:
    """How one scenario ended. ``report`` is its ``migsim.report/1``; None: it never came to one."""

    name: str
    code: int
    seconds: float
    report: Mapping[str, Any] | None = None


def summary(results: Sequence[Result]) -> list[tuple[str, ...]]:
    """The table's rows, in ``COLUMNS``."""
    return [
        (each.name, str(exit_code([each.code])), f"{each.seconds:.0f} s", _verdict(each), _stops_at(each))
        for each in results
    ]


def exit_code(codes: Sequence[int]) -> int:
    """The first of 4, 1, 3, 0 that occurred. Any other code is a scenario that could not be rehearsed: a 3."""
    return most_severe([code if code in _WORDS else ExitCode.CANNOT_TELL for code in codes])


def in_words(codes: Sequence[int]) -> str:
    """How many ended how, the most severe first."""
    counts = Counter(exit_code([code]) for code in codes)
    parts = [f"{counts[code]} {_WORDS[code]}" for code in MOST_SEVERE_FIRST if counts[code]]
    return f"{count(len(codes), 'scenario')}: {', '.join(parts)}"


def run_tagged(
    tagged: Tagged,
    *,
    variables: Mapping[str, str],
    arguments: Sequence[str],
    jobs: int,
    output: Path,
    console: Terminal,
    environment: Mapping[str, str] | None = None,
    form: Literal["text", "json"] = "text",
) -> int:
    """Rehearse what has a tag; a file that mentions it but can't be read is one that could not be found out.

    ``arguments`` go to each ``migsim run``, of the ``variables`` those that the scenario has; ``environment`` is set
    for them on top of ours.
    """
    wanted: dict[str, Sequence[str]] = {
        str(one.path): [*arguments, *_set(variables, one.uses)] for one in tagged.scenarios
    }
    wanted |= {str(path): arguments for path, _ in tagged.broken}
    return run_many(wanted, jobs=jobs, output=output, console=console, environment=environment, form=form)


def run_many(
    wanted: Mapping[str, Sequence[str]],
    *,
    jobs: int,
    output: Path,
    console: Terminal,
    environment: Mapping[str, str] | None = None,
    form: Literal["text", "json"] = "text",
) -> int:
    """Rehearse scenarios (names or paths, each with its arguments), ``jobs`` at a time, whichever breaks.

    Reports go to a dated folder below ``output``, with what each said on stderr as NAME.log. An exception that
    passes through (Ctrl-C, SIGTERM) reaches the rehearsals first.
    """
    folder = _dated(output, datetime.now())
    say = printer(stderr=True)
    by_name = {}
    for result in _rehearsed(wanted, jobs, folder, environment or {}):
        by_name[result.name] = result
        say.line(f"{len(by_name)} of {len(wanted)}  {result.name}: {_verdict(result)}")
    results = [by_name[name_of(Path(name))] for name in wanted]
    if form == "json":
        console.document(_envelope(results))
    else:
        console.lines([*table(results), in_words([each.code for each in results]), f"reports: {folder}"])
    return exit_code([each.code for each in results])


def _set(variables: Mapping[str, str], uses: frozenset[str]) -> list[str]:
    """The ``--set`` of those variables that a scenario has; it would refuse the others."""
    return [part for name, value in variables.items() if name in uses for part in ("--set", f"{name}={value}")]


@dataclass(frozen=True)
class _Child:
    name: str
    process: subprocess.Popen[bytes]
    stdout: IO[bytes]
    started: float


def _rehearsed(
    wanted: Mapping[str, Sequence[str]], jobs: int, folder: Path, environment: Mapping[str, str]
) -> Iterator[Result]:
    """Each result as it comes."""
    waiting, running = deque(wanted.items()), list[_Child]()
    with parent.watched() as pipe:
        ours = {**os.environ, **environment, parent.VARIABLE: str(pipe)}
        try:
            while waiting or running:
                while waiting and len(running) < jobs:
                    running.append(_start(*waiting.popleft(), folder, ours, pipe))
                ended = [child for child in running if child.process.poll() is not None]
                for child in ended:
                    running.remove(child)
                    yield _result(child)
                if not ended:
                    time.sleep(SECONDS_BETWEEN_LOOKS)
        except BaseException as reason:
            _stop(running, signal.SIGTERM if isinstance(reason, Terminated) else signal.SIGINT)
            raise


def _start(name: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], pipe: int) -> _Child:
    """In our own process group, so that a terminal's Ctrl-C reaches it directly; it ends when we are gone."""
    command = [sys.executable, "-m", "simulator", "run", name, "--format", "json", "--output", str(folder)]
    stdout = tempfile.TemporaryFile()  # noqa: SIM115 - read and closed when the child has ended
    short = name_of(Path(name))
    with (folder / f"{short}.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=log,
            env=dict(environment),
            pass_fds=[pipe],
        )
    return _Child(short, process, stdout, time.monotonic())


def _result(child: _Child) -> Result:
    """What a child that ended has said. One that claims an answer without a report is a bug of ours."""
    with child.stdout as stdout:
        stdout.seek(0)
        found = _report_in(stdout.read())
    code = child.process.returncode
    if found is None and code in (ExitCode.SAFE, ExitCode.WOULD_FAIL):
        code = ExitCode.BUG
    return Result(child.name, code, time.monotonic() - child.started, found)


def _report_in(text: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _stop(children: Sequence[_Child], number: signal.Signals) -> None:
    for child in children:
        child.process.send_signal(number)
    until = time.monotonic() + SECONDS_TO_CLEAN_UP
    for child in children:
        try:
            child.process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.process.kill()  # the next start removes what it left
            child.process.wait()
        child.stdout.close()


def _dated(output: Path, now: datetime) -> Path:
    """A new folder named by the minute; a second night in that minute gets a number."""
    name = f"{now:%Y-%m-%dT%H%M}"
    for attempt in range(1, 100):
        folder = output / (name if attempt == 1 else f"{name}-{attempt}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise UsageError(f"reports can't be written to {output}: {error.strerror}", "--output FOLDER") from None
        return folder
    raise UsageError(f"{output} has 99 folders for {name} already", "--output FOLDER")


def table(results: Sequence[Result]) -> Iterator[str]:
    """The summary's lines, under their headings."""
    rows = [COLUMNS, *summary(results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def of_report(report: Report) -> Result:
    """How a scenario ended that was rehearsed in this process."""
    data: Mapping[str, Any] = json.loads(to_json([report]))
    return Result(report.scenario, report.exit_code, report.seconds, data)


def _envelope(results: Sequence[Result]) -> str:
    reports = [each.report for each in results if each.report is not None]
    return json_text({"schema": SCHEMA_OF_SEVERAL, "reports": reports}) + "\n"


def _verdict(result: Result) -> str:
    if result.report is None:
        return f"no report, see {result.name}.log"
    verdict = str(result.report["verdict"])
    if (result.code, verdict) in _PLAIN:
        return verdict
    return f"{verdict}, {'as' if result.code == 0 else 'not as'} expected"


def _stops_at(result: Result) -> str:
    found = result.report or {}
    if found.get("error"):
        return str(found["error"]["message"]).splitlines()[0]
    failure = found.get("failure")
    if not failure:
        return ""
    how = "timeout" if failure.get("exception") == TIMEOUT else failure["sqlstate"]
    return " ".join(part for part in (failure["migration"] or failure["phase"], how) if part)
