"""The probe tells the same story on every Django with every driver."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simulator.model import Address, Phase, Step
from tests.support.djangos import Stack
from tests.support.listeners import listening
from tests.support.probing import migration, probe, project
from tests.support.server import Server

MODELS = """\
from django.db import models
class Tag(models.Model):
    name = models.CharField(max_length=20)
class Post(models.Model):
    slug = models.SlugField(default="")
    tags = models.ManyToManyField(Tag)
"""
ID = '("id", models.BigAutoField(primary_key=True))'
TAG = f'migrations.CreateModel("Tag", [{ID}, ("name", models.CharField(max_length=20))])'
POST = f'migrations.CreateModel("Post", [{ID}, ("slug", models.SlugField(default=""))])'
M2M = 'migrations.AddField("post", "tags", models.ManyToManyField("blog.Tag"))'
BLOG = {
    "blog/models.py": MODELS,
    "blog/migrations/0001_initial.py": migration(TAG),
    "blog/migrations/0002_post.py": migration(f"{POST}, {M2M}", "blog.0001_initial"),
}


def test_a_healthy_project_is_migrated_and_read(
    tmp_path: Path, python: Path, stack: Stack, empty: Address, server: Server
) -> None:
    ran = probe(python, project(tmp_path / "site", BLOG), {"default": empty})

    trace = ran.trace
    assert (trace.complete, trace.failure, ran.code) == (True, None, 0)
    assert [(run.name, run.finished) for run in trace.migrations] == [
        ("blog.0001_initial", True),
        ("blog.0002_post", True),
    ]
    assert all(run.statements > 1 for run in trace.migrations)  # the table, and the history row
    assert trace.history is not None
    assert trace.history.pending == ("blog.0001_initial", "blog.0002_post")
    assert (trace.second_migrate, trace.models_read) == ((), 3)
    assert trace.versions["django"].startswith(stack.django)
    assert trace.versions["driver"].startswith(stack.driver_name + " ")
    assert server.query(empty.dbname, "SELECT count(*) FROM django_migrations") == [(2,)]


def test_a_table_in_the_way_is_named(tmp_path: Path, python: Path, empty: Address, server: Server) -> None:
    server.execute(empty.dbname, "CREATE TABLE blog_post (id int)")
    ran = probe(python, project(tmp_path / "site", BLOG), {"default": empty})

    failure = ran.trace.failure
    assert failure is not None
    assert (failure.phase, failure.sqlstate, failure.exception) == (
        Phase.OPERATION,
        "42P07",
        "django.db.utils.ProgrammingError",
    )
    assert (failure.migration, failure.operation) == ("blog.0002_post", "Create model Post")
    assert (failure.relation, failure.schema_name, failure.table_name) == ("blog_post", "public", "blog_post")
    assert failure.message == 'relation "blog_post" already exists'
    assert (failure.sql or "").startswith('CREATE TABLE "blog_post" (')
    assert [run.finished for run in ran.trace.migrations] == [True, False]
    assert ran.trace.second_migrate is None


def test_an_index_in_the_way_of_a_deferred_statement(
    tmp_path: Path, python: Path, empty: Address, server: Server
) -> None:
    site = project(tmp_path / "site", BLOG)
    reference = probe(python, site, {"default": empty})
    assert reference.trace.complete
    [(index,)] = server.query(
        empty.dbname, "SELECT relname FROM pg_class WHERE relname ~ '^blog_post_slug_.*_like$' AND relkind = 'i'"
    )
    taken = f'CREATE TABLE other (id int); CREATE INDEX "{index}" ON other (id)'
    with server.database("deferred", taken) as address:
        ran = probe(python, site, {"default": address})

    failure = ran.trace.failure
    assert failure is not None
    assert (failure.phase, failure.sqlstate, failure.operation) == (Phase.DEFERRED, "42P07", None)
    assert (failure.migration, failure.relation, failure.table_name) == ("blog.0002_post", index, "blog_post")
    assert (failure.sql or "").startswith(f'CREATE INDEX "{index}" ON "blog_post"')


def test_rows_never_reach_the_trace(tmp_path: Path, python: Path, empty: Address, server: Server) -> None:
    unique = 'migrations.AlterField("tag", "name", models.CharField(max_length=20, unique=True))'
    number = 'migrations.AlterField("tag", "name", models.IntegerField())'
    for name, operation, sqlstate, said in (
        ("unique", unique, "23505", "could not create unique index"),
        ("number", number, "22P02", 'invalid input syntax for type integer: "…"'),
    ):
        sources = BLOG | {"blog/migrations/0003_tag.py": migration(operation, "blog.0002_post")}
        site = project(tmp_path / name, {key: text for key, text in sources.items() if "0003" not in key})
        with server.database(f"rows_{name}") as address:
            assert probe(python, site, {"default": address}).trace.failure is None
            server.execute(address.dbname, "INSERT INTO blog_tag (name) VALUES ('Jane-Roe'), ('Jane-Roe')")
            ran = probe(python, project(tmp_path / name, sources), {"default": address})

        failure = ran.trace.failure
        assert failure is not None
        assert (failure.sqlstate, failure.relation, failure.phase) == (sqlstate, "blog_tag", Phase.OPERATION)
        assert failure.message.startswith(said)
        assert "Jane" not in ran.text


def test_a_history_row_that_cannot_be_written(tmp_path: Path, python: Path, empty: Address, server: Server) -> None:
    site = project(tmp_path / "site", {key: text for key, text in BLOG.items() if "0002" not in key})
    assert probe(python, site, {"default": empty}).trace.complete
    server.execute(empty.dbname, "SELECT setval(pg_get_serial_sequence('django_migrations', 'id'), 1, false)")
    ran = probe(python, project(tmp_path / "site", BLOG), {"default": empty})

    failure = ran.trace.failure
    assert failure is not None
    assert (failure.phase, failure.sqlstate, failure.migration) == (Phase.RECORD, "23505", "blog.0002_post")
    assert (failure.operation, failure.constraint_name) == (None, "django_migrations_pkey")


def test_a_receiver_of_post_migrate_that_fails(tmp_path: Path, python: Path, empty: Address) -> None:
    receiver = """\
from django.apps import AppConfig
from django.db.models.signals import post_migrate
def fill(sender, using, **kwargs):
    from django.db import connections
    connections[using].cursor().execute("SELECT name FROM absent WHERE name = 'Jane-Roe'")
class Config(AppConfig):
    name = "blog"
    default = True
    def ready(self):
        post_migrate.connect(fill, sender=self)
"""
    ran = probe(python, project(tmp_path / "site", BLOG | {"blog/apps.py": receiver}), {"default": empty})

    failure = ran.trace.failure
    assert failure is not None
    assert (failure.phase, failure.sqlstate, failure.relation) == (Phase.POST_MIGRATE, "42P01", "absent")
    assert (failure.migration, failure.sql) == (None, "SELECT name FROM absent WHERE name = '…'")
    assert "Jane" not in ran.text


def test_notices_of_what_a_cascade_dropped(tmp_path: Path, python: Path, empty: Address, server: Server) -> None:
    site = project(tmp_path / "site", BLOG)
    assert probe(python, site, {"default": empty}).trace.failure is None
    server.execute(empty.dbname, "CREATE VIEW tag_names AS SELECT name FROM blog_tag")
    drop = (  # Django itself drops with CASCADE before 6.0
        'migrations.RunSQL("ALTER TABLE blog_tag DROP name CASCADE",'
        'state_operations=[migrations.RemoveField("tag", "name")])'
    )
    dropped = {
        "blog/migrations/0003_drop.py": migration(drop, "blog.0002_post"),
        "blog/models.py": MODELS.replace("    name = models.CharField(max_length=20)\n", "    pass\n"),
    }
    ran = probe(python, project(tmp_path / "site", BLOG | dropped), {"default": empty})

    assert (ran.trace.failure, ran.trace.notices) == (None, ("drop cascades to view tag_names",))


def test_settings_alone_touch_no_database(tmp_path: Path, python: Path) -> None:
    more = """
DATABASES["replica"] = dict(DATABASES["default"], USER="reader")
DATABASES["reports"] = dict(DATABASES["default"], NAME="reports")
DATABASES["cache"] = {"ENGINE": "django.db.backends.sqlite3", "NAME": "cache.db"}
"""
    ran = probe(python, project(tmp_path / "site", BLOG, settings=more), None, mode="inspect")

    assert (ran.trace.complete, ran.trace.failure, ran.trace.settings_module) == (True, None, "settings")
    assert {(alias.name, alias.vendor, alias.same_as) for alias in ran.trace.aliases} == {
        ("default", "postgresql", None),
        ("replica", "postgresql", "default"),
        ("reports", "postgresql", None),
        ("cache", "sqlite", None),
    }
    assert "prod-password" not in ran.text + ran.printed


def test_connections_to_elsewhere_are_reported_and_under_guard_refused(
    tmp_path: Path, python: Path, stack: Stack, empty: Address
) -> None:
    body = f"""\
import os, socket, {stack.driver_name} as driver
port = os.environ["LISTENER"]
def run(apps, editor):
    refused = []
    for connect in (
        lambda: socket.create_connection(("127.0.0.1", int(port)), 5),
        lambda: driver.connect("postgresql://me:hunter2@127.0.0.1:" + port + "/x", connect_timeout=5),
        lambda: driver.connect(host="127.0.0.1", port=port, password="hunter2", connect_timeout=5),
    ):
        try:
            connect()
        except (OSError, driver.Error) as error:
            refused.append(error)
    if len(refused) == 3:
        raise refused[1]
"""
    sources = {"app/migrations/0001_initial.py": migration("migrations.RunPython(run)", before=body)}
    with listening([tmp_path]) as listeners:
        internet: list[Any] = [address for _, family, address in listeners.addresses if family == "AF_INET"]
        port = internet[0][1]
        site = project(tmp_path / "site", sources)
        ran = probe(python, site, {"default": empty}, guard=True, environment={"LISTENER": str(port)})

    where = f"127.0.0.1:{port}"
    assert not listeners.reached
    assert {(attempt.kind, attempt.address) for attempt in ran.trace.attempts} == {("tcp", where), ("libpq", where)}
    failure = ran.trace.failure
    assert failure is not None
    assert (failure.phase, failure.sqlstate) == (Phase.OPERATION, None)
    assert where in (failure.sandbox or "")
    assert "hunter2" not in ran.text


NICK = 'migrations.AddField("tag", "nick", models.CharField(max_length=9, default="-"))'
FAILS = """\
def fail(apps, editor):
    apps.get_model("blog", "Tag").objects.create(name="made in vain")
    editor.execute("SELECT nothing FROM nowhere")
"""
GROWN = BLOG | {
    "blog/migrations/0003_nick.py": migration(NICK, "blog.0002_post"),
    "blog/migrations/0004_code.py": migration("migrations.RunPython(fail)", "blog.0003_nick", before=FAILS),
    "blog/migrations/0005_last.py": migration(
        'migrations.AddField("tag", "last", models.IntegerField(null=True))', "blog.0004_code"
    ),
}


def test_a_survey_goes_past_every_error_and_does_all_the_rest(
    tmp_path: Path, python: Path, empty: Address, server: Server
) -> None:
    site = project(tmp_path / "site", {name: text for name, text in GROWN.items() if name < "blog/migrations/0002"})
    assert probe(python, site, {"default": empty}).trace.complete
    server.execute(empty.dbname, "CREATE TABLE blog_post (id bigint PRIMARY KEY); ALTER TABLE blog_tag ADD nick text")
    ran = probe(python, project(tmp_path / "site", GROWN), {"default": empty}, mode="survey", catalog=True)

    trace, survey = ran.trace, ran.trace.survey
    assert survey is not None
    assert (trace.complete, trace.failure) == (True, None)
    met = [(one.failure.migration, one.failure.sqlstate, one.operation_index) for one in survey.met]
    assert met[0] == ("blog.0002_post", "42P07", 0)
    assert ("blog.0003_nick", "42701", 0) in met
    assert ("blog.0004_code", "42P01", 0) in met
    assert {place for place, *_rest in met} <= {"blog.0002_post", "blog.0003_nick", "blog.0004_code", None}
    assert {file.name for file in trace.files} == {f"blog.{Path(name).stem}" for name in GROWN if "/0" in name}
    assert [delta.migration for delta in trace.deltas if delta.migration][-1] == "blog.0005_last"
    assert any(one.migration == "blog.0005_last" and "ADD COLUMN" in one.sql for one in survey.ran)
    # The table of the many-to-many field of a table that stood there already was made; the code's row was not.
    assert server.query(empty.dbname, "SELECT to_regclass('blog_post_tags') IS NULL") == [(False,)]
    assert server.query(empty.dbname, "SELECT count(*) FROM blog_tag WHERE last IS NULL") == [(0,)]


def test_a_trial_runs_its_steps_and_then_migrate(tmp_path: Path, python: Path, empty: Address, server: Server) -> None:
    server.execute(empty.dbname, "CREATE VIEW blog_post AS SELECT 1 AS id")
    site = project(tmp_path / "site", BLOG)
    steps = (Step(manage=("migrate", "blog", "0001_initial")), Step(sql="DROP VIEW blog_post"))
    trace = probe(python, site, {"default": empty}, mode="trial", catalog=True, steps=steps).trace
    assert ([step.failure for step in trace.steps], trace.failure) == ([None, None], None)
    assert (trace.complete, trace.second_migrate, trace.models_read) == (True, (), 3)


def test_a_step_that_fails_ends_its_trial(tmp_path: Path, python: Path, empty: Address) -> None:
    steps = (Step(sql="DROP VIEW blog_post"), Step(manage=("migrate", "blog", "0001_initial")))
    trace = probe(
        python, project(tmp_path / "site", BLOG), {"default": empty}, mode="trial", catalog=True, steps=steps
    ).trace
    assert [step.failure and step.failure.sqlstate for step in trace.steps] == ["42P01"]
    assert (trace.migrations, trace.second_migrate) == ((), None)
