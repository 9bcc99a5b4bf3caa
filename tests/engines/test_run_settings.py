"""Settings that say which database by environment variables alone: they mean the sandbox from the first load on."""

from __future__ import annotations

import pytest

from tests.support import blog
from tests.support.command import Command

# As dj_database_url.config() does: no variable, no database at all.
BY_URL = """
import os
from urllib.parse import unquote, urlsplit
URL = urlsplit(os.environ.get("DATABASE_URL", ""))
ENGINES = {"postgresql": "django.db.backends.postgresql", "special+postgres": "special"}
DATABASES["default"] = {}
if URL.path:
    DATABASES["default"] = {"ENGINE": ENGINES[URL.scheme], "HOST": unquote(URL.hostname), "NAME": URL.path[1:]}
"""
BY_LIBPQ = """
import os
ENGINE = "django.db.backends.postgresql"
DATABASES["default"] = {"ENGINE": ENGINE, "NAME": os.environ["PGDATABASE"], "HOST": os.environ["PGHOST"]}
"""
# Django loads half of them from inside, and all of them when this has come to its end.
READ_WHILE_LOADING = """
from django.conf import settings as half
ZONE = half.TIME_ZONE
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "HOST": "db.invalid"}}
"""
SPECIAL = """\
from django.db.backends.postgresql.base import DatabaseWrapper as Plain
class DatabaseWrapper(Plain):
    special = True
"""
ONLY_WITH_IT = """\
from django.apps import AppConfig
class Blog(AppConfig):
    name = "blog"
    def ready(self):
        from django.db import connection
        assert connection.special
"""


@pytest.mark.parametrize(
    "settings", [BY_URL, BY_LIBPQ, READ_WHILE_LOADING], ids=["DATABASE_URL", "PG*", "read while loading"]
)
def test_settings_that_say_late_or_nowhere_which_database_it_is(migsim: Command, settings: str) -> None:
    blog.write(migsim.folder, settings=settings)
    assert migsim.rehearse()["verdict"] == "safe"


def test_the_kind_of_backend_that_the_projects_own_url_asks_for_stays(migsim: Command) -> None:
    own = "special+postgres://shop:never-shown@db.invalid/shop"
    blog.scenario(migsim.folder, django={"environment": {"DATABASE_URL": own}})
    sources = {"special/base.py": SPECIAL, "blog/apps.py": ONLY_WITH_IT}
    blog.write(migsim.folder, sources, settings=BY_URL + 'INSTALLED_APPS.remove("special")\n')
    report = migsim.rehearse()
    assert (report["verdict"], report["failure"]) == ("safe", None)
