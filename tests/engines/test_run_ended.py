"""Runs that don't come to their end, and runs beside each other: the dead leave nothing, the living go on."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support import blog
from tests.support.blog import migration_of
from tests.support.command import Command, Live, until

SLEEP = "SELECT pg_sleep(600);"
# Where a run can be met: the line that says so, and what makes it stay there.
MOMENTS = {
    "at its start": "reading the scenario's code",
    "starting the server": "starting PostgreSQL",
    "restoring": "running slow.sql",
    "migrating": "rehearsing migrate",
}
WAITS = ("restoring", "migrating")


@contextlib.contextmanager
def at(migsim: Command, moment: str, *arguments: str) -> Iterator[Live]:
    """A run that has come to that moment, and stays there if it is one of those that last."""
    if moment == "restoring":
        (migsim.folder / "slow.sql").write_text(SLEEP)
        blog.scenario(migsim.folder, baseline=[{"restore": "prod.dump"}, {"sql": "slow.sql"}])
    if moment == "migrating":
        blog.write(migsim.folder, {"blog/migrations/0002_tag.py": migration_of("import time; time.sleep(600)")})
    with migsim.live("--format", "json", *arguments) as live:
        live.wait_for(MOMENTS[moment])
        if moment == "migrating":
            until(lambda: any("migsim_probe" in word or "run.py" in word for word in migsim.left()))
        yield live


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_a_kill_leaves_is_removed_by_clean(migsim: Command, moment: str) -> None:
    with at(migsim, moment) as live:
        (run,) = migsim.runs.glob("*/")
        assert f"1 run going on, left alone: {run.name}\n" in migsim("clean").stdout
        live.send(signal.SIGKILL)
        live.end()
    done = migsim("clean")
    assert (done.code, done.stdout) == (0, "nothing is left of any run that has ended\n")
    migsim.assert_nothing_left()


def test_the_next_start_removes_the_dead_and_touches_nothing_alive(migsim: Command, prod_dump: Path) -> None:
    with beside(migsim, prod_dump) as other, at(other, "migrating") as alive:
        with at(migsim, "restoring") as live:
            live.send(signal.SIGKILL)
            live.end()
        (migsim.folder / "slow.sql").write_text("SELECT 1;")
        assert migsim.run().code == 0
        assert len([*migsim.runs.glob("*/")]) == 1
        assert alive.child.poll() is None
        assert any("postgres" in one for one in migsim.left())
        alive.send(signal.SIGINT)
        assert alive.end().code == 130
    migsim.assert_nothing_left()


@pytest.mark.parametrize("moment", WAITS)
@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_an_interrupted_run_leaves_nothing(
    migsim: Command, moment: str, number: signal.Signals, code: int, word: str
) -> None:
    """One that was to be kept neither."""
    with at(migsim, moment, *(["--keep"] if moment == "restoring" else [])) as live:
        live.send(number)
        done = live.end()
    assert (done.code, done.stdout) == (code, "")
    assert done.stderr.splitlines()[-1].startswith(f"migsim: {word}")
    assert "Traceback" not in done.stderr
    assert migsim.left() == []


def test_a_night_that_is_killed_takes_its_rehearsals_with_it(migsim: Command) -> None:
    (migsim.folder / "slow.sql").write_text(SLEEP)
    blog.scenario(migsim.folder, tags=["nightly"], baseline=[{"restore": "prod.dump"}, {"sql": "slow.sql"}])
    with migsim.live_nightly("--output", "nights") as live:
        until(lambda: any("postgres" in one for one in migsim.left()))
        live.send(signal.SIGKILL)
        live.end()
        until(lambda: migsim.left() == [])
    (log,) = migsim.folder.glob("nights/*/case.log")
    assert log.read_text().splitlines()[-1].startswith("migsim: terminated")


def test_a_run_that_takes_too_long_is_ended(migsim: Command) -> None:
    (migsim.folder / "slow.sql").write_text(SLEEP)
    blog.scenario(migsim.folder, baseline=[{"sql": "slow.sql"}], rehearse={"timeout": "4s"})
    done = migsim.run("--format", "json")
    message, hint = done.complaint
    assert "rehearse.timeout (4s)" in message
    assert "rehearse.timeout" in hint
    assert (done.code, done.report["error"]["message"]) == (3, message)
    migsim.assert_nothing_left()


def test_a_server_that_dies_in_the_middle_is_told(migsim: Command) -> None:
    with at(migsim, "migrating") as live:
        for process in psutil.process_iter(["name", "cmdline"]):
            words = process.info["cmdline"] or []
            if process.info["name"] == "postgres" and any(f"{migsim.runs}/" in word for word in words):
                process.kill()
        done = live.end()
    message, _hint = done.complaint
    assert "PostgreSQL ended in the middle of the run" in message
    assert (done.code, done.report["verdict"]) == (3, "unknown")
    migsim.assert_nothing_left()


def test_two_runs_side_by_side_do_not_meet(migsim: Command, prod_dump: Path) -> None:
    with beside(migsim, prod_dump) as other, migsim.live() as one, other.live() as two:
        assert (one.end().code, two.end().code) == (0, 0)
    migsim.assert_nothing_left()


def test_a_kept_run_can_be_entered_until_it_is_cleaned(migsim: Command) -> None:
    report = migsim.run("--keep", "--format", "json").report
    enter = [*shlex.split(report["kept"]), "-Atc", "SELECT name FROM django_migrations ORDER BY id"]
    assert migsim.run().code == 0  # the next run leaves it alone
    seen = subprocess.run(enter, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    assert seen.stdout.split() == ["0001_initial", "0002_tag"]
    assert migsim("clean").code == 0
    migsim.assert_nothing_left()


@contextlib.contextmanager
def beside(migsim: Command, dump: Path) -> Iterator[Command]:
    """A second blog, whose runs are in the same folder as the first one's."""
    folder = migsim.runs.parent / "q"
    folder.mkdir()
    shutil.copyfile(dump, folder / "prod.dump")
    blog.write(folder)
    blog.scenario(folder)
    yield Command(folder, migsim.runs)
