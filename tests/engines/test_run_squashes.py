"""The whole command where a squash is recorded in part and the files of what it replaces are gone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import blog
from tests.support.blog import Production
from tests.support.command import Command

SQUASH = """\
from django.db import migrations, models


def fill(apps, schema_editor):
    apps.get_model("blog", "Post").objects.update(title="filled")


class Migration(migrations.Migration):
    replaces = [("blog", "0001_initial"), ("blog", "0002_tag")]
    initial = True
    operations = [
        migrations.CreateModel("Post", [
            ("id", models.BigAutoField(primary_key=True)), ("title", models.CharField(max_length=100)),
        ]),
        migrations.CreateModel("Tag", [
            ("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=40)),
        ]),
        #CODE
    ]
"""


@pytest.fixture
def rehearsed(migsim: Command, production: Production) -> Any:
    """The report where the first of two is recorded, the second one never ran, and the squash is all there is."""

    def rehearse(code: str = "") -> dict[str, Any]:
        production.dump(blog.PRODUCTION).rename(migsim.folder / "prod.dump")
        for name in ("0001_initial", "0002_tag"):
            (migsim.folder / f"blog/migrations/{name}.py").unlink()
        blog.write(
            migsim.folder, {"blog/migrations/0001_squashed_0002_tag.py": SQUASH.replace("#CODE", code)}, base=False
        )
        return migsim.rehearse(trials=True)

    return rehearse


def test_what_the_rest_would_have_made_is_made_and_the_squash_counts_as_applied(rehearsed: Any) -> None:
    report = rehearsed()
    (root,) = [one for one in report["findings"] if one["root"]]
    assert (root["sqlstate"], root["relation"], root["cause"]["id"]) == ("42P01", "blog_tag", "squash-half-applied")
    (fix,) = [one for one in report["fixes"] if one["recommended"]]
    assert fix["id"] == "squash-rows"
    statements = [step["sql"] for step in fix["steps"] if "sql" in step]
    assert statements[0].startswith('CREATE TABLE "blog_tag"')
    assert "('blog', '0002_tag', now())" in statements[-1]


def test_where_the_squash_has_code_it_is_a_persons(rehearsed: Any) -> None:
    report = rehearsed("migrations.RunPython(fill),")
    assert [one for one in report["fixes"] if one["recommended"]] == []
    persons = [step["person"] for fix in report["fixes"] for step in fix["steps"] if "person" in step]
    assert any("whether the code of blog.0001_squashed_0002_tag has run" in text for text in persons)
