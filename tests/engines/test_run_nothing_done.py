"""A migrate that ends well and did not do its work is never called safe."""

from __future__ import annotations

import pytest

from tests.support import blog
from tests.support.command import Command
from tests.support.probing import migration

# A pending migration that only constrains: the models can be read all the same.
UNIQUE = migration(
    'migrations.AddConstraint("Post", models.UniqueConstraint(fields=["title"], name="one_title"))',
    "blog.0001_initial",
)
SKIPPING = """\
from django.core.management.commands.migrate import Command as Migrate
class Command(Migrate):
    def handle(self, *names, **options):
        return None
"""
ENDING = """
from django.db.models.signals import pre_migrate
from django.dispatch import receiver
@receiver(pre_migrate)
def enough(**others):
    raise SystemExit(0)
"""
ELSEWHERE = """\
from django.core.management.commands.migrate import Command as Migrate
from django.db import connections
class Command(Migrate):
    def handle(self, *names, **options):
        connections["default"].close()
        connections["default"].settings_dict["NAME"] = "postgres"
"""
POSTS = blog.MODELS.split("class Tag")[0]
COMMANDS = {"blog/management/__init__.py": "", "blog/management/commands/__init__.py": ""}


def write(migsim: Command, more: dict[str, str]) -> None:
    blog.write(migsim.folder, {"blog/models.py": POSTS, "blog/migrations/0002_tag.py": UNIQUE, **more})


@pytest.mark.parametrize("flag", ["--plan", "--fake"])
def test_a_command_that_changes_nothing_is_unknown(migsim: Command, flag: str) -> None:
    write(migsim, {})
    blog.scenario(migsim.folder, rehearse={"command": ["migrate", flag]})
    report = migsim.rehearse()
    assert (report["verdict"], report["exit_code"]) == ("unknown", 3)
    assert flag in report["because"]


@pytest.mark.parametrize(
    "sources",
    [
        {**COMMANDS, "blog/management/commands/migrate.py": SKIPPING},
        {"blog/models.py": POSTS + ENDING},
    ],
    ids=["its own migrate does nothing", "a receiver ends it"],
)
def test_a_migrate_that_leaves_the_plan_pending_is_unknown(migsim: Command, sources: dict[str, str]) -> None:
    write(migsim, sources)
    report = migsim.rehearse()
    assert report["verdict"] == "unknown"
    assert "blog.0002_tag" in report["because"]


def test_a_command_that_turns_to_another_database_is_unknown(migsim: Command) -> None:
    write(migsim, {**COMMANDS, "blog/management/commands/migrate.py": ELSEWHERE})
    report = migsim.rehearse()
    assert (report["verdict"], report["failure"]["phase"]) == ("unknown", "settings")


def test_one_app_alone_is_judged_alone_and_says_what_it_leaves(migsim: Command) -> None:
    blog.write(migsim.folder, {"shop/models.py": "", "shop/migrations/0001_x.py": migration("")})
    blog.scenario(migsim.folder, rehearse={"command": ["migrate", "blog"]})
    report = migsim.rehearse()
    assert report["verdict"] == "safe"
    assert any("shop.0001_x" in note for note in report["not_checked"])
