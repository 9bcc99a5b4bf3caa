"""The command on the docker engine: its verdicts, what it leaves when it is killed, interrupted or told to keep."""

from __future__ import annotations

import contextlib
import shlex
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import blog, containers
from tests.support.blog import Production, migration_of
from tests.support.command import Command, Live

pytestmark = pytest.mark.docker

REQUIREMENTS = "django==5.2.*\npsycopg[binary]==3.3.*\n"  # the sample's, so that their environment is shared


@pytest.fixture
def docker(migsim: Command) -> Iterator[Command]:
    """The blog with requirements in place of an interpreter; whatever its runs are called, nothing of them is left."""
    (migsim.folder / "requirements.txt").write_text(REQUIREMENTS)
    scenario(migsim)
    yield migsim
    migsim("clean")


def scenario(migsim: Command, **changes: Any) -> None:
    django = {"interpreter": None, "requirements": "requirements.txt"}
    blog.scenario(migsim.folder, django=django, **changes)


@contextlib.contextmanager
def migrating(docker: Command, *arguments: str) -> Iterator[tuple[Live, str]]:
    """A run whose migration does not end, and its id."""
    blog.write(docker.folder, {"blog/migrations/0002_tag.py": migration_of("import time; time.sleep(600)")})
    with docker.live("--format", "json", *arguments, engine="docker") as live:
        live.wait_for("rehearsing migrate")
        (run,) = docker.runs.glob("*/")
        assert containers.of_run(run.name)
        yield live, run.name


def test_a_table_that_is_there_already_would_fail(docker: Command, production: Production) -> None:
    production.dump(blog.PRODUCTION + "CREATE TABLE blog_tag (id int);").rename(docker.folder / "prod.dump")
    done = docker("run", "case", "--engine", "docker", "--format", "json")
    report = done.report
    assert (done.code, report["verdict"], report["engine"]) == (1, "would-fail", "docker")
    assert (report["failure"]["sqlstate"], report["failure"]["relation"]) == ("42P07", "blog_tag")
    assert (report["role"], report["leftovers"]) == (blog.OWNER, [])
    docker.assert_nothing_left()


def test_what_a_kill_leaves_is_removed_by_the_next_start(docker: Command) -> None:
    with migrating(docker) as (live, run):
        live.send(signal.SIGKILL)
        live.end()
    assert containers.of_run(run)
    blog.write(docker.folder)
    assert docker("run", "case", "--engine", "docker").code == 0
    assert containers.of_run(run) == []
    docker.assert_nothing_left()


@pytest.mark.parametrize("moment", ["starting PostgreSQL", "loading the project's settings", "restoring", "copying"])
def test_a_kill_at_any_moment_leaves_nothing_that_clean_does_not_remove(docker: Command, moment: str) -> None:
    with docker.live("--format", "json", engine="docker") as live:
        live.wait_for(moment)
        (run,) = docker.runs.glob("*/")
        live.send(signal.SIGKILL)
        live.end()
    assert docker("clean").code == 0
    assert containers.of_run(run.name) == []
    docker.assert_nothing_left()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_nothing(docker: Command, number: signal.Signals, code: int) -> None:
    with migrating(docker) as (live, run):
        live.send(number)
        assert live.end().code == code
        assert containers.of_run(run) == []
    docker.assert_nothing_left()


def test_containers_that_are_killed_in_the_middle_are_told(docker: Command) -> None:
    with migrating(docker) as (live, run):
        for name in containers.of_run(run):
            subprocess.run(["docker", "kill", name], check=False, capture_output=True)
        done = live.end()
    report = done.report
    assert (done.code, report["verdict"]) == (3, "unknown")
    assert report["because"] or report["error"]["hint"]
    assert containers.of_run(run) == []
    docker.assert_nothing_left()


def test_a_kept_run_can_be_entered_until_it_is_cleaned(docker: Command) -> None:
    report = docker("run", "case", "--engine", "docker", "--keep", "--format", "json").report
    words = [word for word in shlex.split(report["kept"]) if word not in ("-it", "-ti", "-t")]
    enter = [*words, "-Atc", "SELECT name FROM django_migrations ORDER BY id"]
    seen = subprocess.run(enter, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert seen.stdout.split() == ["0001_initial", "0002_tag"], seen.stderr
    (run,) = docker.runs.glob("*/")
    assert docker("clean").code == 0
    assert containers.of_run(run.name) == []
    docker.assert_nothing_left()


def test_a_migration_that_waits_for_itself_is_told_so(docker: Command) -> None:
    body = (
        "import psycopg\nschema_editor.execute('LOCK TABLE blog_post')\n"
        "with psycopg.connect() as other:\n    other.execute('DELETE FROM blog_post WHERE id = 7')"
    )
    assert docker("run", "case", "--engine", "docker").code == 0  # and what is to be installed is there
    blog.write(docker.folder, {"blog/migrations/0002_tag.py": migration_of(body)})
    scenario(docker, rehearse={"timeout": "20s"})
    done = docker("run", "case", "--engine", "docker", "--format", "json")
    failure = done.report["failure"]
    assert (done.code, done.report["verdict"], done.report["error"]) == (3, "unknown", None)
    assert (failure["exception"], failure["migration"]) == ("Timeout", "blog.0002_tag")
    assert failure["sql"] == "DELETE FROM blog_post WHERE id = …"
    assert failure["waits_for"].startswith("another connection of the project's own, idle in its open transaction")
    docker.assert_nothing_left()


def test_a_question_gets_no_answer_and_does_not_wait(docker: Command) -> None:
    blog.write(docker.folder, {"blog/migrations/0002_tag.py": migration_of("input('sure? ')")})
    done = docker("run", "case", "--engine", "docker", "--no-trials", "--format", "json")
    assert (done.report["verdict"], done.report["failure"]["exception"]) == ("would-fail", "EOFError")
