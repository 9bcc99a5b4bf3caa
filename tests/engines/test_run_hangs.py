"""Code that does not come to its end: a finding that says where it is, for how long, and for whom it waits."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import blog
from tests.support.blog import migration_of
from tests.support.command import Command
from tests.support.probing import migration

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
    assert (failure["sql"], failure["waits_for"]) == ("SELECT pg_sleep(600)", None)
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
