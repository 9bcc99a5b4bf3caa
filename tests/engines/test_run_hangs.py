"""Code that does not come to its end: a finding that says where it is, for how long, and for whom it waits."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import blog
from tests.support.blog import migration_of
from tests.support.command import Command
from tests.support.probing import migration
from tests.support.repository import Repository

OWN_CONNECTION = """\
import os
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper
schema_editor.execute('ALTER TABLE blog_post ADD COLUMN slug varchar(9)')
other = connections.create_connection('default')
with other.cursor() as cursor:
    cursor.execute("UPDATE blog_post SET title = 'Ann''s diary, page 1'")
"""
PSYCOPG = """\
import psycopg
schema_editor.execute('LOCK TABLE blog_post')
with psycopg.connect() as other:
    other.execute("UPDATE blog_post SET title = 'Ann''s diary, page 1'")
"""
ADVISORY = """\
import psycopg
other = psycopg.connect(autocommit=True)
other.execute('SELECT pg_advisory_lock(7)')
schema_editor.connection.cursor().execute('SELECT pg_advisory_xact_lock(7)')
"""
WAITS = {
    "a second connection of Django's": (OWN_CONNECTION, "a lock on blog_post", "UPDATE blog_post"),
    "a second connection of psycopg's": (PSYCOPG, "a lock on blog_post", "UPDATE blog_post"),
    "an advisory lock": (ADVISORY, "an advisory lock", "SELECT pg_advisory_xact_lock"),
}
LOOP = "number = 0\nwhile True:\n    number += 1"
READY = """\
from django.apps import AppConfig
class Blog(AppConfig):
    name = "blog"
    def ready(self):
        from django.db.models.signals import {signal}
        {signal}.connect(slow, sender=self)
def slow(**named):
    import time
    time.sleep(600)
"""
SLOW_READY = """\
from django.apps import AppConfig
class Blog(AppConfig):
    name = "blog"
    def ready(self):
        import time
        time.sleep(600)
"""
SLOW_AGAIN = """\
calls = []
def slow(**named):
    import time
    calls.append(named)
    time.sleep(600 if len(calls) > 1 else 0)
"""
# In migrate itself, where there are posts: not in a survey, which has its own apply, nor from nothing.
SLOW_WITH_POSTS = """\
import time
from django.db.migrations import Migration
if Migration.apply.__module__.startswith('django') and apps.get_model('blog', 'Post').objects.exists():
    time.sleep(600)
"""
CHECK = """\
import time
from django.core import checks
@checks.register()
def slow(**named):
    time.sleep(600)
"""


@pytest.fixture
def hanging(migsim: Command) -> Any:
    """Rehearses the blog with those files, within some seconds."""

    def rehearse(sources: dict[str, str], *arguments: str, timeout: str = "8s", **changes: Any) -> dict[str, Any]:
        blog.write(migsim.folder, sources, settings=changes.pop("settings", ""))
        blog.scenario(migsim.folder, rehearse={"timeout": timeout}, **changes)
        return migsim.rehearse(*arguments)

    return rehearse


def hang(report: dict[str, Any]) -> dict[str, Any]:
    """Its failure, which is all that makes the verdict unknown; no row is in it."""
    failure: dict[str, Any] = report["failure"]
    assert (report["verdict"], report["exit_code"], report["error"]) == ("unknown", 3, None)
    assert (failure["exception"], failure["sqlstate"]) == ("Timeout", None)
    assert failure["seconds"] > 0.5
    assert blog.ROW not in str(report)
    assert "diary" not in str(report)
    assert [one["exception"] for one in report["findings"]] == ["Timeout"]
    return failure


@pytest.mark.parametrize("name", WAITS)
def test_code_that_waits_for_a_connection_of_its_own_is_told_to(hanging: Any, name: str) -> None:
    body, lock, sql = WAITS[name]
    failure = hang(hanging({"blog/migrations/0002_tag.py": migration_of(body)}))
    assert (failure["phase"], failure["migration"]) == ("operation", "blog.0002_tag")
    assert failure["operation"] == "Raw Python operation"
    assert failure["sql"].startswith(sql)
    assert failure["waits_for"].startswith("another connection of the project's own, idle")
    assert lock in failure["waits_for"]
    assert "blog/migrations/0002_tag.py:" in failure["message"]


def test_a_slow_statement_waits_for_nobody(hanging: Any) -> None:
    report = hanging(
        {"blog/migrations/0002_tag.py": migration('migrations.RunSQL("SELECT pg_sleep(600)")', "blog.0001_initial")}
    )
    failure = hang(report)
    assert (failure["sql"], failure["waits_for"]) == ("SELECT pg_sleep(…)", None)
    assert failure["operation"].startswith("Raw SQL")
    assert report["history"]["pending"] == ["blog.0002_tag"]
    assert report["versions"]["django"]
    assert [one["name"] for one in report["migrations"]] == ["blog.0002_tag"]


@pytest.mark.parametrize("body", [LOOP, "import time\ntime.sleep(600)"])
def test_code_that_loops_or_sleeps_has_no_statement(hanging: Any, body: str) -> None:
    failure = hang(hanging({"blog/migrations/0002_tag.py": migration_of(body)}))
    assert (failure["migration"], failure["operation"]) == ("blog.0002_tag", "Raw Python operation")
    assert (failure["sql"], failure["waits_for"]) == (None, None)
    assert "blog/migrations/0002_tag.py:" in failure["message"]


def test_code_that_lets_no_other_thread_run_is_told_by_its_migration(hanging: Any) -> None:
    body = "import re\nre.match('(a+)+b', 'a' * 60)"
    failure = hang(hanging({"blog/migrations/0002_tag.py": migration_of(body)}))
    assert (failure["phase"], failure["migration"], failure["sql"]) == ("operation", "blog.0002_tag", None)


def test_code_that_forks_is_looked_at_before_and_after(hanging: Any) -> None:
    body = (
        "import multiprocessing, os, time\n"
        "child = os.fork()\n"
        "if not child:\n    os._exit(7)\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool:\n"
        "    assert pool.map(len, ['a', 'bc']) == [1, 2]\n"
        "time.sleep(600)"
    )
    failure = hang(hanging({"blog/migrations/0002_tag.py": migration_of(body)}))
    assert (failure["migration"], failure["operation"]) == ("blog.0002_tag", "Raw Python operation")
    assert failure["message"].endswith("0002_tag.py:10")


@pytest.mark.parametrize("signal", ["pre_migrate", "post_migrate"])
def test_a_receiver_that_hangs(hanging: Any, signal: str) -> None:
    report = hanging({"blog/apps.py": READY.format(signal=signal)})
    assert hang(report)["phase"] == signal
    applied = [one["name"] for one in report["migrations"] if one["finished"]]
    assert applied == (["blog.0002_tag"] if signal == "post_migrate" else [])


def test_a_start_that_hangs(hanging: Any) -> None:
    assert hang(hanging({}, settings="import time\ntime.sleep(600)"))["phase"] == "settings"
    failure = hang(hanging({"blog/apps.py": SLOW_READY}))
    assert (failure["phase"], failure["message"].rpartition(" ")[2]) == ("settings", "blog/apps.py:6")


def test_a_system_check_that_hangs(hanging: Any) -> None:
    checks = blog.MODELS + CHECK
    assert hang(hanging({"blog/models.py": checks}))["phase"] == "check"


def test_a_question_gets_no_answer_and_does_not_wait(hanging: Any) -> None:
    report = hanging({"blog/migrations/0002_tag.py": migration_of("input('sure? ')")}, timeout="60s")
    assert (report["verdict"], report["failure"]["exception"]) == ("would-fail", "EOFError")


def test_in_words_it_says_where_it_is_and_what_to_look_at(migsim: Command) -> None:
    blog.write(migsim.folder, {"blog/migrations/0002_tag.py": migration_of(PSYCOPG)})
    blog.scenario(migsim.folder, rehearse={"timeout": "8s"})
    done = migsim.run()
    lines = done.stdout.splitlines()
    assert done.code == 3
    assert any("rehearse.timeout (8s)" in line for line in lines)
    assert "migrate was still running when the time was over:" in lines
    assert any(line.startswith("  waits for another connection of the project's own") for line in lines)
    assert any(line.startswith("hint: no longer rehearse.timeout helps") for line in lines)
    migsim.assert_nothing_left()


def test_a_hang_of_what_only_looks_further_keeps_what_was_found(migsim: Command, production: blog.Production) -> None:
    taken = blog.PRODUCTION + "CREATE TABLE blog_tag (id bigint PRIMARY KEY, name varchar(40) NOT NULL);"
    production.dump(taken).rename(migsim.folder / "prod.dump")
    later = migration_of("import time; time.sleep(600)", "blog.0002_tag")
    blog.write(migsim.folder, {"blog/migrations/0003_slow.py": later})
    blog.scenario(migsim.folder, rehearse={"timeout": "12s"})
    report = migsim.rehearse(trials=True)
    assert (report["verdict"], report["exit_code"], report["failure"]["sqlstate"]) == ("would-fail", 1, "42P07")
    assert [one["migration"] for one in report["findings"]] == ["blog.0002_tag"]
    (said,) = [text for text in report["warnings"] if "rehearse.timeout was over" in text]
    assert "looking for everything else that would fail (blog.0003_slow, Raw Python operation was still" in said


def test_a_hang_after_migrate_is_in_what_is_looked_at_then(hanging: Any) -> None:
    report = hanging({"blog/apps.py": READY.format(signal="post_migrate").partition("def slow")[0] + SLOW_AGAIN})
    assert hang(report)["phase"] == "smoke"
    assert [one["finished"] for one in report["migrations"]] == [True]


def test_another_refs_migrations_that_hang_make_no_baseline(migsim: Command) -> None:
    blog.write(migsim.folder, {"blog/migrations/0002_tag.py": migration_of("import time; time.sleep(600)")})
    repository = Repository(migsim.folder)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.commit("slow")
    blog.scenario(migsim.folder, baseline=[{"migrate": {"ref": "HEAD"}}], rehearse={"timeout": "8s"})
    done = migsim.run("--format", "json")
    message, _hint = done.complaint
    assert done.code == 3
    assert "while migrating with the code of HEAD" in message
    assert "blog.0002_tag, Raw Python operation was still running" in message
    migsim.assert_nothing_left()


def test_a_trial_that_hangs_keeps_the_findings_and_their_causes(migsim: Command, production: blog.Production) -> None:
    tag = "CREATE TABLE blog_tag (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name varchar(40) NOT NULL);"
    production.dump(blog.PRODUCTION + tag).rename(migsim.folder / "prod.dump")
    blog.write(migsim.folder, {"blog/migrations/0003_slow.py": migration_of(SLOW_WITH_POSTS, "blog.0002_tag")})
    blog.scenario(migsim.folder, rehearse={"timeout": "25s"})
    report = migsim.rehearse(trials=True)
    assert (report["verdict"], report["failure"]["sqlstate"]) == ("would-fail", "42P07")
    assert [one["cause"]["id"] for one in report["findings"]] != [None]
    (said,) = [text for text in report["warnings"] if "rehearse.timeout was over" in text]
    assert "while trying fix 1: " in said
    assert "blog.0003_slow, Raw Python operation was still running" in said
    assert not any(fix["recommended"] for fix in report["fixes"])
    assert migsim("fix", "case", "--engine", "embedded").code == 1


def test_a_migration_file_that_hangs_where_it_is_read(hanging: Any) -> None:
    slow = migration(blog.TAG, "blog.0001_initial", before="import time; time.sleep(600)")
    failure = hang(hanging({"blog/migrations/0002_tag.py": slow}))
    assert (failure["phase"], failure["message"].rpartition(" ")[2]) == ("load", "blog/migrations/0002_tag.py:2")


def test_other_verbs_say_where_the_time_went(migsim: Command) -> None:
    blog.write(migsim.folder, settings="import time\ntime.sleep(600)")
    blog.scenario(migsim.folder, rehearse={"timeout": "6s"})
    message, _hint = migsim("showmigrations", "case", "--engine", "embedded").complaint
    assert "the project's own start was still running" in message
