"""Projects with several databases: each alias gets its own, a mirror shares, what is no PostgreSQL is not used."""

from __future__ import annotations

import shutil

from tests.support import blog
from tests.support.blog import Production, migration_of
from tests.support.command import Command

SEVERAL = """
DATABASES["archive"] = dict(DATABASES["default"], NAME="archive")
DATABASES["replica"] = dict(DATABASES["default"], TEST={"MIRROR": "default"})
DATABASES["reader"] = dict(DATABASES["default"])
DATABASES["cache"] = {"ENGINE": "django.db.backends.sqlite3", "NAME": "/nowhere/cache.sqlite3"}
"""
# Every alias but the one of another backend answers, and says which database it is.
LOOK = """\
from django.db import connections
names = {}
for alias in ("default", "archive", "replica", "reader"):
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT current_database(), (SELECT count(*) FROM pg_tables WHERE tablename = 'blog_post')")
        names[alias] = cursor.fetchone()
assert names["default"] == names["replica"] == names["reader"], names
assert names["archive"][0] != names["default"][0], names
assert names["archive"][1] == %d, names
assert connections["default"].settings_dict["HOST"] != "db.invalid"
"""


def test_each_alias_has_its_own_database_and_mirrors_share_one(migsim: Command) -> None:
    looks = migration_of(LOOK % 0, "blog.0002_tag")
    blog.write(migsim.folder, {"blog/migrations/0003_look.py": looks}, settings=SEVERAL)
    report = migsim.rehearse()
    assert report["verdict"] == "safe"
    assert "the database alias cache (sqlite); only PostgreSQL is rehearsed" in report["not_checked"]


def test_another_alias_gets_its_state_from_its_own_steps(migsim: Command) -> None:
    looks = migration_of(LOOK % 1, "blog.0002_tag")
    blog.write(migsim.folder, {"blog/migrations/0003_look.py": looks}, settings=SEVERAL)
    shutil.copyfile(migsim.folder / "prod.dump", migsim.folder / "archive.dump")
    blog.scenario(migsim.folder, django={"baselines": {"archive": [{"restore": "archive.dump"}]}})
    assert migsim.rehearse()["verdict"] == "safe"


def test_aliases_that_the_scenario_declares_the_same_share_one(migsim: Command) -> None:
    together = LOOK.replace('names["archive"][0] != ', 'names["archive"][0] == ')
    looks = migration_of(together % 1, "blog.0002_tag")
    blog.write(migsim.folder, {"blog/migrations/0003_look.py": looks}, settings=SEVERAL)
    blog.scenario(migsim.folder, django={"baselines": {"archive": {"same_as": "default"}}})
    assert migsim.rehearse()["verdict"] == "safe"


def test_the_alias_that_is_named_is_the_one_that_is_rehearsed(migsim: Command, production: Production) -> None:
    production.dump(blog.PRODUCTION + "CREATE TABLE blog_tag (id int);").rename(migsim.folder / "prod.dump")
    blog.write(migsim.folder, settings=SEVERAL)
    blog.scenario(migsim.folder, django={"database": "archive"})
    report = migsim.rehearse()
    assert (report["verdict"], report["failure"]["relation"]) == ("would-fail", "blog_tag")


def test_a_backend_that_is_no_postgresql_errors_only_when_it_is_used(migsim: Command) -> None:
    body = "from django.db import connections\nconnections['cache'].cursor()"
    blog.write(migsim.folder, {"blog/migrations/0003_cache.py": migration_of(body, "blog.0002_tag")}, settings=SEVERAL)
    failure = migsim.rehearse()["failure"]
    assert failure["migration"] == "blog.0003_cache"
    assert failure["exception"].endswith("ImproperlyConfigured")


def test_settings_of_the_database_are_the_project_s_own_where_they_are_no_address(migsim: Command) -> None:
    options = 'DATABASES["default"]["OPTIONS"]["options"] = "-c search_path=app,public"\n'
    body = """\
cursor = schema_editor.connection.cursor()
cursor.execute("SHOW search_path")
assert cursor.fetchone() == ("app,public",)
"""
    blog.write(migsim.folder, {"blog/migrations/0003_path.py": migration_of(body, "blog.0002_tag")}, settings=options)
    assert migsim.rehearse()["verdict"] == "safe"


def test_what_fails_only_because_another_alias_is_empty_is_unknown(migsim: Command) -> None:
    body = (
        "connection = __import__('django.db').db.connections['archive']\nconnection.cursor().execute('TABLE blog_post')"
    )
    sources = {"blog/migrations/0003_look.py": migration_of(body, "blog.0002_tag")}
    blog.write(migsim.folder, sources, settings=SEVERAL)
    report = migsim.rehearse()
    assert (report["verdict"], report["failure"]["sqlstate"]) == ("unknown", "42P01")
    assert "alias archive" in report["because"]
    assert any("alias archive" in note for note in report["not_checked"])

    shutil.copyfile(migsim.folder / "prod.dump", migsim.folder / "archive.dump")
    blog.scenario(migsim.folder, django={"baselines": {"archive": [{"restore": "archive.dump"}]}})
    report = migsim.rehearse()
    assert report["verdict"] == "safe"
    assert not any("archive" in note for note in report["not_checked"])
