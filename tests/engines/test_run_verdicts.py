"""The whole command on a small blog: what decides between safe, would-fail and unknown, and the exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import blog
from tests.support.blog import Production, migration_of
from tests.support.command import Command
from tests.support.probing import migration


def test_production_that_is_what_its_history_says_is_safe(migsim: Command) -> None:
    report = migsim.rehearse()
    assert (report["verdict"], report["exit_code"], report["failure"]) == ("safe", 0, None)
    assert report["history"]["pending"] == ["blog.0002_tag"]
    assert report["models_read"] == 2
    assert report["role"] == blog.OWNER
    assert [(one["name"], one["finished"]) for one in report["migrations"]] == [("blog.0002_tag", True)]
    assert (report["warnings"], report["connections_tried"]) == ([], [])


def test_a_table_that_is_there_already_would_fail(migsim: Command, production: Production) -> None:
    production.dump(blog.PRODUCTION + "CREATE TABLE blog_tag (id int);").rename(migsim.folder / "prod.dump")
    report = migsim.rehearse()
    failure = report["failure"]
    assert (report["verdict"], report["exit_code"], failure["phase"]) == ("would-fail", 1, "operation")
    assert (failure["migration"], failure["operation"]) == ("blog.0002_tag", "Create model Tag")
    assert (failure["sqlstate"], failure["relation"], failure["schema_name"]) == ("42P07", "blog_tag", "public")
    assert [one["relation"] for one in report["findings"]] == ["blog_tag"]


@pytest.mark.parametrize(
    ("expect", "code"),
    [
        ("would-fail", 0),
        ({"verdict": "would-fail", "migration": "blog.0002_tag", "sqlstate": "42P07"}, 0),
        ({"verdict": "would-fail", "sqlstate": "42P01"}, 1),
        ("safe", 1),
        ("unknown", 1),
    ],
)
def test_expect_is_met_or_it_is_not(migsim: Command, expect: object, code: int) -> None:
    blog.scenario(migsim.folder, expect=expect, baseline=[{"restore": "prod.dump"}, {"sql": "by_hand.sql"}])
    (migsim.folder / "by_hand.sql").write_text("CREATE TABLE blog_tag (id int);")
    report = migsim.rehearse()
    assert (report["verdict"], report["exit_code"]) == ("would-fail", code)


MIGRATIONS_THAT_DO_NOT_LOAD = {
    "a syntax error": "def class Migration\n",
    "a name that is not there": "raise ImportError('no module')\n",
    "no Migration in it": "",
    "a parent that is not there": migration("", "blog.0099_gone"),
}


@pytest.mark.parametrize("text", MIGRATIONS_THAT_DO_NOT_LOAD.values(), ids=MIGRATIONS_THAT_DO_NOT_LOAD)
def test_migration_files_that_do_not_load_would_fail(migsim: Command, text: str) -> None:
    blog.write(migsim.folder, {"blog/migrations/0003_broken.py": text})
    report = migsim.rehearse()
    assert (report["verdict"], report["failure"]["phase"]) == ("would-fail", "load")


def test_two_leaves_of_one_app_would_fail_before_the_first_migration(migsim: Command) -> None:
    blog.write(migsim.folder, {"blog/migrations/0002_other.py": migration("", "blog.0001_initial")})
    report = migsim.rehearse()
    assert (report["verdict"], report["failure"]["phase"]) == ("would-fail", "plan")
    assert "0002_other" in report["failure"]["message"]


def test_a_failing_system_check_would_fail(migsim: Command) -> None:
    code = "class Twice(models.Model):\n    class Meta:\n        db_table = 'blog_post'\n        app_label = 'blog'\n"
    blog.write(migsim.folder, {"blog/models.py": blog.MODELS + code})
    report = migsim.rehearse()
    assert (report["verdict"], report["failure"]["phase"]) == ("would-fail", "check")


def test_code_that_cannot_read_its_own_tables_would_fail(migsim: Command) -> None:
    unmigrated = "class Draft(models.Model):\n    text = models.TextField()\n"
    blog.write(migsim.folder, {"blog/models.py": blog.MODELS + unmigrated})
    report = migsim.rehearse()
    assert (report["verdict"], report["failure"]["phase"]) == ("would-fail", "smoke")
    assert report["failure"]["relation"] == "blog_draft"
    assert report["failure"]["sqlstate"] == "42P01"


def test_a_migration_that_has_to_run_again_would_fail(migsim: Command) -> None:
    forgetting = """
from django.db.models.signals import post_migrate
from django.dispatch import receiver
@receiver(post_migrate)
def forget(using, **others):
    from django.db import connections
    with connections[using].cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE name = '0002_empty'")
"""
    blog.write(
        migsim.folder,
        {"blog/models.py": blog.MODELS.split("class Tag")[0] + forgetting, "blog/migrations/0002_tag.py": ""},
    )
    (migsim.folder / "blog/migrations/0002_tag.py").rename(migsim.folder / "blog/migrations/0002_empty.py")
    (migsim.folder / "blog/migrations/0002_empty.py").write_text(migration("", "blog.0001_initial"))
    report = migsim.rehearse()
    assert (report["verdict"], report["failure"]["phase"]) == ("would-fail", "smoke")
    assert "blog.0002_empty" in report["failure"]["message"]


def test_a_restore_error_in_an_empty_database_is_unknown(migsim: Command, production: Production) -> None:
    _with_line(production, migsim.folder / "prod.sql", "ALTER TABLE public.nowhere ADD COLUMN x integer;")
    blog.scenario(migsim.folder, baseline=[{"restore": "prod.sql"}])
    report = migsim.rehearse()
    assert (report["verdict"], report["exit_code"]) == ("unknown", 3)
    assert "nowhere" in report["because"]
    assert [one["sqlstate"] for one in report["findings"]] == ["42P01"]


def test_a_restore_error_over_data_would_fail_and_migrate_is_rehearsed_all_the_same(migsim: Command) -> None:
    blog.scenario(migsim.folder, baseline=[{"restore": "prod.dump"}, {"restore": {"dump": "again.dump"}}])
    (migsim.folder / "again.dump").write_bytes((migsim.folder / "prod.dump").read_bytes())
    report = migsim.rehearse()
    assert (report["verdict"], report["failure"]["phase"]) == ("would-fail", "restore")
    assert {one["phase"] for one in report["findings"]} == {"restore"}
    assert [one["name"] for one in report["migrations"]] == ["blog.0002_tag"]


def test_clean_over_data_is_as_good_as_empty(migsim: Command) -> None:
    clean = {"restore": {"dump": "prod.dump", "clean": True}}
    blog.scenario(migsim.folder, baseline=[{"restore": "prod.dump"}, clean])
    assert migsim.rehearse()["verdict"] == "safe"


ALTER = "ALTER TABLE blog_post OWNER TO dba;"
ADD_FIELD = 'migrations.AddField("Post", "text", models.TextField(default=""))'
ADD = migration(ADD_FIELD, "blog.0001_initial")
MODELS_WITH_TEXT = blog.MODELS.split("class Tag")[0] + "    text = models.TextField(default='')\n"


@pytest.fixture
def foreign_table(migsim: Command, production: Production) -> Command:
    """The project's role does not own the table that its pending migration alters."""
    made = "DO $$ BEGIN CREATE ROLE dba; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
    script = f"{blog.PRODUCTION} RESET SESSION AUTHORIZATION; {made} {ALTER} GRANT ALL ON blog_post TO {blog.OWNER};"
    production.dump(script).rename(migsim.folder / "prod.dump")
    blog.write(migsim.folder, {"blog/migrations/0002_tag.py": ADD, "blog/models.py": MODELS_WITH_TEXT})
    return migsim


def test_a_refusal_under_a_role_that_nobody_named_is_unknown(foreign_table: Command) -> None:
    report = foreign_table.rehearse()
    assert (report["verdict"], report["failure"]["sqlstate"], report["role"]) == ("unknown", "42501", blog.OWNER)
    for name in ("blog_post", "dba", blog.OWNER):
        assert name in report["because"]


def test_a_refusal_under_a_role_that_the_scenario_names_would_fail(foreign_table: Command) -> None:
    blog.scenario(foreign_table.folder, postgres={"role": blog.OWNER})
    report = foreign_table.rehearse()
    assert (report["verdict"], report["failure"]["sqlstate"]) == ("would-fail", "42501")


@pytest.mark.parametrize("role", ["superuser", {"name": blog.OWNER, "member_of": ["dba"]}], ids=["superuser", "member"])
def test_no_refusal_for_who_may(foreign_table: Command, role: object) -> None:
    blog.scenario(foreign_table.folder, postgres={"role": role})
    assert foreign_table.rehearse()["verdict"] == "safe"


def test_a_refusal_that_hides_another_failure_is_that_failure(foreign_table: Command) -> None:
    add_then_create = migration(f"{ADD_FIELD}, {blog.TAG}", "blog.0001_initial")
    blog.write(foreign_table.folder, {"blog/migrations/0002_tag.py": add_then_create})
    (foreign_table.folder / "tag.sql").write_text("CREATE TABLE blog_tag (id integer);")
    blog.scenario(foreign_table.folder, baseline=[{"restore": "prod.dump"}, {"sql": "tag.sql"}])
    report = foreign_table.rehearse()
    assert (report["verdict"], report["failure"]["sqlstate"]) == ("would-fail", "42P07")


@pytest.mark.parametrize(
    ("second", "verdict"),
    [(None, "safe"), (migration_of("pass"), "unknown")],
    ids=["a new table", "RunPython"],
)
def test_without_rows_safe_needs_a_plan_that_depends_on_none(migsim: Command, second: str | None, verdict: str) -> None:
    if second:
        blog.write(migsim.folder, {"blog/migrations/0003_rows.py": second.replace("0001_initial", "0002_tag")})
    report = migsim.rehearse("--tier", "schema")
    assert (report["verdict"], report["tier"]) == (verdict, "schema")
    assert verdict == "safe" or "blog.0003_rows" in report["because"]
    assert any("tier: schema" in note for note in report["not_checked"])


def test_a_role_that_the_dump_does_not_name_is_a_superuser_and_said_so(migsim: Command, production: Production) -> None:
    production.dump(owner="postgres").rename(migsim.folder / "prod.dump")
    report = migsim.rehearse()
    assert (report["verdict"], report["role"]) == ("safe", "postgres")
    assert any("ownership and privileges" in note for note in report["not_checked"])


def test_what_the_project_prints_is_not_in_the_report(migsim: Command) -> None:
    blog.write(migsim.folder, settings='import sys\nprint("noise")\nprint("noise", file=sys.stderr)\n')
    assert migsim.rehearse()["verdict"] == "safe"


def test_a_process_that_ends_itself_is_unknown(migsim: Command) -> None:
    code = migration_of("import os; os._exit(0)")
    blog.write(migsim.folder, {"blog/migrations/0002_tag.py": code})
    report = migsim.rehearse()
    assert (report["verdict"], report["exit_code"]) == ("unknown", 3)
    assert "process" in report["because"]


def test_several_scenarios_make_one_document_and_one_exit_code(migsim: Command) -> None:
    blog.scenario(migsim.folder, "broken", baseline=[{"restore": "gone.dump"}])
    done = migsim("run", "case", "broken", "--engine", "embedded", "--format", "json", "--output", "kept")
    document = done.report
    assert (done.code, document["schema"]) == (3, "migsim.reports/1")
    assert [(one["scenario"], one["verdict"]) for one in document["reports"]] == [
        ("case", "safe"),
        ("broken", "unknown"),
    ]
    assert {path.name for path in (migsim.folder / "kept").iterdir()} == {
        *("broken.json", "broken.txt", "case.json", "case.txt")
    }
    migsim.assert_nothing_left()


def _with_line(production: Production, path: Path, line: str) -> None:
    """A plain dump with one more statement before its end."""
    text = production.dump(form="p", name="plain.sql").read_text()
    end = "--\n-- PostgreSQL database dump complete"
    assert end in text
    path.write_text(text.replace(end, f"{line}\n\n{end}"))
