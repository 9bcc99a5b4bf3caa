"""Which folders hold migrations, whose they are, and under which label."""

from __future__ import annotations

import pytest

from simulator.guard.layout import Tree, read_layout
from tests.support.guarded import BLOG, Files, layout, migration

FIRST = "migrations/0001_initial.py"


def labels(files: Files) -> dict[str, str]:
    return {app.folder: app.label for app in layout(files).apps.values()}


def test_the_folders_name_is_the_label_where_nothing_else_is_said() -> None:
    assert labels(BLOG) == {"blog/migrations": "blog"}
    assert labels({f"apps/news/{FIRST}": migration()}) == {"apps/news/migrations": "news"}


CONFIG = "from django.apps import AppConfig\nclass C(AppConfig):\n    name = 'apps.news'\n    label = 'press'\n"


@pytest.mark.parametrize("file", ["apps.py", "__init__.py"])
def test_an_app_config_gives_the_label(file: str) -> None:
    assert labels({f"apps/news/{FIRST}": migration(), f"apps/news/{file}": CONFIG}) == {"apps/news/migrations": "press"}


def test_of_several_app_configs_the_default_one() -> None:
    other = "class D(apps.AppConfig):\n    label = 'other'\n    default = True\n"
    assert labels({f"news/{FIRST}": migration(), "news/apps.py": CONFIG + other}) == {"news/migrations": "other"}


def test_else_the_label_by_which_its_own_migrations_depend_on_each_other() -> None:
    files = {
        f"apps/news/{FIRST}": migration(),
        "apps/news/migrations/0002_b.py": migration("press.0001_initial", "shop.0001_initial"),
        "apps/news/migrations/0003_c.py": migration("press.0002_b"),
    }
    assert labels(files) == {"apps/news/migrations": "press"}


def test_settings_name_a_folder_in_plain_text() -> None:
    files = {
        "manage.py": "",
        "site/settings/base.py": "MIGRATION_MODULES = {'blog': 'site.blog_migrations', 'x': compute(), 'y': None}\n",
        "site/blog_migrations/0001_initial.py": migration(),
        f"blog/{FIRST}": migration(),
    }
    assert labels(files) == {"site/blog_migrations": "blog"}


def test_two_folders_with_one_label_are_told_and_left_alone() -> None:
    files = {f"a/news/{FIRST}": migration(), f"b/news/{FIRST}": migration()}
    found = layout(files)
    assert found.apps == {}
    assert found.unclear == ("a/news/migrations and b/news/migrations: both have the label news",)


def test_two_projects_of_one_repository_never_share_a_graph() -> None:
    files = {
        "one/manage.py": "",
        f"one/blog/{FIRST}": migration(),
        "two/manage.py": "",
        f"two/blog/{FIRST}": migration(),
        f"lib/extra/{FIRST}": migration(),
    }
    assert set(layout(files).apps) == {("one", "blog"), ("two", "blog"), ("", "extra")}
    only = read_layout(Tree(files, lambda blob: blob), ["two"])
    assert set(only.apps) == {("two", "blog")}


def test_what_is_called_migrations_and_is_another_tools() -> None:
    south = "from south.v2 import SchemaMigration\nclass Migration(SchemaMigration):\n    pass\n"
    files = {
        "alembic/migrations/env.py": "from alembic import context\n",
        "docs/migrations/0001.md": "",
        "old/migrations/0001_initial.py": south,
    }
    assert labels(files) == {}


def test_what_django_loads_as_a_migration() -> None:
    names = ["0001_initial.py", "_helper.py", "~0002.py", "__init__.py", "notes.txt", "0002_b.py", "sub/0003.py"]
    files = {f"blog/migrations/{name}": migration() for name in names}
    assert set(layout(files).apps[("", "blog")].paths) == {"0001_initial", "0002_b"}
