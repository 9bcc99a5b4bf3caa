"""A dump that holds nothing of the project's database, or only a part of it, is no quiet night."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support import blog
from tests.support.blog import Production
from tests.support.command import Command

OTHER = "CREATE TABLE invoice (id integer); INSERT INTO invoice VALUES (1);"
ELSEWHERE = "CREATE SCHEMA elsewhere; " + OTHER.replace("invoice", "elsewhere.invoice")
MODELS = blog.MODELS + "class Note(models.Model):\n    text = models.CharField(max_length=9)\n"
NOTE = 'migrations.CreateModel("Note", [("id", models.BigAutoField(primary_key=True))])'
INITIAL = blog.SOURCES["blog/migrations/0001_initial.py"].replace("operations = [", f"operations = [{NOTE}, ")
TWO = {"blog/models.py": MODELS, "blog/migrations/0001_initial.py": INITIAL}


def verdict(migsim: Command) -> tuple[str, int, str]:
    report = migsim.rehearse()
    return report["verdict"], report["exit_code"], report["because"] or ""


@pytest.mark.parametrize("form", ["c", "p"])
@pytest.mark.parametrize("script", ["", OTHER, ELSEWHERE])
def test_a_dump_of_nothing_or_of_another_database_is_unknown(
    migsim: Command, production: Production, form: str, script: str
) -> None:
    production.dump(script, owner="postgres", form=form).rename(migsim.folder / "prod.dump")
    assert verdict(migsim)[:2] == ("unknown", 3)
    assert "neither a django_migrations nor any table" in verdict(migsim)[2]


def test_a_history_whose_tables_are_gone_is_unknown(migsim: Command, production: Production) -> None:
    blog.write(migsim.folder, TWO)
    production.dump(blog.PRODUCTION + "DROP TABLE blog_post;").rename(migsim.folder / "prod.dump")
    assert verdict(migsim)[:2] == ("unknown", 3)
    assert "of 2 tables" in verdict(migsim)[2]


@pytest.mark.parametrize("form", ["c", "p"])
def test_a_schema_without_its_history_is_unknown_and_says_how_to_take_both(
    migsim: Command, production: Production, form: str
) -> None:
    into = migsim.folder / "prod.dump"
    with production.server.database("production", blog.PRODUCTION) as address:
        where = ("-h", address.host, "-p", str(address.port), "-U", "postgres")
        tool = Path(production.server.binaries) / "pg_dump"
        subprocess.run([tool, *where, "-s", f"-F{form}", "-f", into, "production"], check=True)
    assert verdict(migsim)[:2] == ("unknown", 3)
    assert "pg_dump -a -t django_migrations" in verdict(migsim)[2]


def test_a_history_without_rows_beside_empty_tables_is_a_lost_history(migsim: Command, production: Production) -> None:
    production.dump(blog.PRODUCTION + "DELETE FROM blog_post; DELETE FROM django_migrations;").rename(
        migsim.folder / "prod.dump"
    )
    assert verdict(migsim)[0] == "would-fail"


def test_an_empty_database_that_is_meant_needs_no_dump(migsim: Command) -> None:
    blog.scenario(migsim.folder, baseline=[])
    assert verdict(migsim)[0] == "safe"
