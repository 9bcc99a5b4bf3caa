"""Where plain migrate would stop, for each phase there is."""

from __future__ import annotations

import sys
import venv
from pathlib import Path

import pytest

from simulator.model import Address, Failure, Phase, Trace
from tests.support.probing import Ran, migration, probe, project
from tests.support.server import Server

PYTHON = Path(sys.executable)
ID = '("id", models.BigAutoField(primary_key=True))'
AUTHOR = f'migrations.CreateModel("Author", [{ID}, ("name", models.CharField(max_length=20))])'
MODELS = "from django.db import models\nclass Author(models.Model):\n    name = models.CharField(max_length=20)\n"
INITIAL = {"app/models.py": MODELS, "app/migrations/0001_initial.py": migration(AUTHOR)}
RUN = "migrations.RunPython(run)"


def failure_of(ran: Ran) -> Failure:
    assert ran.trace.complete
    assert ran.trace.failure is not None
    return ran.trace.failure


def second(operations: str, before: str = "") -> dict[str, str]:
    return INITIAL | {"app/migrations/0002_x.py": migration(operations, "app.0001_initial", before=before)}


def run_python(body: str) -> dict[str, str]:
    """A data migration with that body, over ``apps`` and ``editor``."""
    return second(RUN, "def run(apps, editor):\n" + "".join(f"    {line}\n" for line in body.splitlines()))


@pytest.mark.parametrize(
    ("settings", "exception", "reason"),
    [
        (
            'import os\nKEY = os.environ["SHOP_KEY"]\n',
            "KeyError",
            "the settings need the environment variable SHOP_KEY",
        ),
        ("import shop_tools.extra\n", "ModuleNotFoundError", "the settings need the module shop_tools"),
        ('INSTALLED_APPS += ["absent"]\n', "ModuleNotFoundError", "the settings need the module absent"),
    ],
)
def test_settings_that_do_not_load(tmp_path: Path, empty: Address, settings: str, exception: str, reason: str) -> None:
    failure = failure_of(probe(PYTHON, project(tmp_path / "site", INITIAL, settings=settings), {"default": empty}))
    assert (failure.phase, failure.exception) == (Phase.SETTINGS, exception)
    assert (failure.sandbox or "").startswith(reason)


def test_a_python_without_django(tmp_path: Path, empty: Address) -> None:
    bare = tmp_path / "bare"
    venv.create(bare, symlinks=True)
    for manage in ("manage.py", None):
        site = project(tmp_path / f"site-{manage}", INITIAL)
        ran = probe(bare / "bin" / "python", site, {"default": empty}, manage=manage, settings="settings")
        failure = failure_of(ran)
        assert (failure.phase, failure.exception) == (Phase.SETTINGS, "ModuleNotFoundError")
        assert failure.sandbox == "the settings need the module django, which is not installed"


def test_a_value_of_the_environment_is_not_quoted(tmp_path: Path, empty: Address) -> None:
    settings = 'import os\nPORT_OF_CACHE = int(os.environ["CACHE"])\n'
    ran = probe(
        PYTHON,
        project(tmp_path / "site", INITIAL, settings=settings),
        {"default": empty},
        environment={"CACHE": "redis://:hunter2@cache"},
    )
    assert failure_of(ran).phase is Phase.SETTINGS
    assert "hunter2" not in ran.text


def test_system_checks_run_as_on_the_command_line(tmp_path: Path, empty: Address) -> None:
    models = MODELS + '    other = models.ForeignKey("app.Ghost", on_delete=models.CASCADE)\n'
    failure = failure_of(
        probe(PYTHON, project(tmp_path / "site", INITIAL | {"app/models.py": models}), {"default": empty})
    )
    assert failure.phase is Phase.CHECK
    assert failure.exception == "django.core.management.base.SystemCheckError"
    assert "fields.E300" in failure.message


def test_a_server_that_django_refuses(tmp_path: Path, empty: Address) -> None:
    newer = (
        "from django.db.backends.postgresql.features import DatabaseFeatures as F\nF.minimum_database_version = (99,)\n"
    )
    ran = probe(PYTHON, project(tmp_path / "site", INITIAL | {"app/__init__.py": newer}), {"default": empty})
    failure = failure_of(ran)
    assert (failure.phase, failure.exception) == (Phase.CHECK, "django.db.utils.NotSupportedError")
    assert ran.trace.dependency == {"minimum_database_version": "99"}


def test_a_statement_that_the_driver_refuses_is_no_lost_connection(tmp_path: Path, empty: Address) -> None:
    body = """\
from django.db import connection
connection.cursor().execute("SELECT 1 WHERE 1 IN (" + ",".join(["%s"] * 70000) + ")", [1] * 70000)"""
    settings = 'DATABASES["default"]["OPTIONS"] = {"server_side_binding": True}\n'
    ran = probe(PYTHON, project(tmp_path / "site", run_python(body), settings=settings), {"default": empty})
    failure = failure_of(ran)
    assert (failure.exception, failure.sqlstate) == ("django.db.utils.OperationalError", None)
    assert failure.sandbox is None


@pytest.mark.parametrize(
    ("source", "exception"),
    [
        ("<<<<<<< HEAD\n", "SyntaxError"),
        ("import absent_module\n", "ModuleNotFoundError"),
        ("raise SystemExit(3)\n", "SystemExit"),
        ("OPERATIONS = []\n", "django.db.migrations.exceptions.BadMigrationError"),
        (migration("", "app.0009_gone"), "django.db.migrations.exceptions.NodeNotFoundError"),
        (migration("", "ghost.0001_initial"), "django.db.migrations.exceptions.NodeNotFoundError"),
        (migration("", "ghost.__first__"), "ValueError"),
    ],
)
def test_migration_files_that_do_not_load(tmp_path: Path, empty: Address, source: str, exception: str) -> None:
    site = project(tmp_path / "site", INITIAL | {"app/migrations/0002_x.py": source})
    failure = failure_of(probe(PYTHON, site, {"default": empty}))
    assert (failure.phase, failure.exception, failure.migration, failure.sandbox) == (Phase.LOAD, exception, None, None)


def test_models_that_do_not_import_are_settings(tmp_path: Path, empty: Address) -> None:
    site = project(tmp_path / "site", INITIAL | {"app/models.py": "import absent_module\n"})
    assert failure_of(probe(PYTHON, site, {"default": empty})).phase is Phase.SETTINGS


def test_conflicting_leaves(tmp_path: Path, empty: Address) -> None:
    extra = {f"app/migrations/0002_{name}.py": migration("", "app.0001_initial") for name in "ab"}
    failure = failure_of(probe(PYTHON, project(tmp_path / "site", INITIAL | extra), {"default": empty}))
    assert (failure.phase, failure.exception) == (Phase.PLAN, "django.core.management.base.CommandError")
    assert "0002_a, 0002_b in app" in failure.message


def recorded(*names: str) -> tuple[str, str]:
    """Statements that make a history of the app's migrations."""
    rows = ", ".join(f"('app', '{name}', now())" for name in names)
    return (
        "CREATE TABLE django_migrations (id bigserial PRIMARY KEY, app text, name text, applied timestamptz)",
        f"INSERT INTO django_migrations (app, name, applied) VALUES {rows}",
    )


def test_an_inconsistent_history(tmp_path: Path, server: Server) -> None:
    with server.database("inconsistent", *recorded("0002_x", "0007_x")) as address:
        trace = probe(PYTHON, project(tmp_path / "site", second("")), {"default": address}).trace
    assert trace.failure is not None
    assert trace.failure.phase is Phase.PLAN
    assert trace.failure.exception == "django.db.migrations.exceptions.InconsistentMigrationHistory"
    assert trace.history is not None
    assert (trace.history.recorded, trace.history.not_on_disk) == (2, ("app.0007_x",))


def test_a_renumbered_migration_is_recognised(tmp_path: Path, server: Server) -> None:
    with server.database("renumbered", *recorded("0001_initial", "0007_x")) as address:
        trace = probe(PYTHON, project(tmp_path / "site", second("")), {"default": address}, mode="inspect").trace
    assert trace.history is not None
    assert (trace.history.applied, trace.history.pending) == (("app.0001_initial",), ("app.0002_x",))
    assert (trace.history.renamed, trace.migrations) == ({"app.0007_x": "app.0002_x"}, ())


def test_a_command_that_is_none(tmp_path: Path, empty: Address) -> None:
    ran = probe(PYTHON, project(tmp_path / "site", INITIAL), {"default": empty}, command=("migrte",))
    failure = failure_of(ran)
    assert (failure.phase, failure.message) == (Phase.PLAN, "Unknown command: 'migrte'")


def test_an_operation_that_the_state_refuses(tmp_path: Path, empty: Address) -> None:
    failure = failure_of(
        probe(PYTHON, project(tmp_path / "site", second('migrations.DeleteModel("Ghost")')), {"default": empty})
    )
    assert (failure.phase, failure.migration, failure.operation) == (
        Phase.OPERATION,
        "app.0002_x",
        "Delete model Ghost",
    )
    assert (failure.exception, failure.message, failure.sqlstate) == ("KeyError", "('app', 'ghost')", None)


def test_the_first_database_error_of_a_chain_counts(tmp_path: Path, empty: Address) -> None:
    body = """\
Author = apps.get_model("app", "Author")
Author.objects.create(pk=1, name="Jane-Roe")
try:
    Author.objects.create(pk=1, name="Jane-Roe")
except Exception:
    pass
Author.objects.count()"""
    ran = probe(PYTHON, project(tmp_path / "site", run_python(body)), {"default": empty})
    failure = failure_of(ran)
    assert failure.exception == "django.db.transaction.TransactionManagementError"
    assert (failure.sqlstate, failure.relation, failure.phase) == ("23505", "app_author", Phase.OPERATION)
    assert (failure.sql or "").startswith('INSERT INTO "app_author"')
    assert "'atomic' block" in failure.message
    assert "Jane" not in ran.text


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ('raise ValueError("author %s has no address" % row)', "author …"),
        ('raise ValueError("no address: " + repr(row))', "…"),
        ("int(row)", "invalid literal for int() with base 10: …"),
        ("{}[row]", "…"),
        ("Author.objects.get(pk=row)", "Field 'id' expected a number but got …"),
        ("Author.objects.raw('SELECT ' + row)[0]", 'column "…" does not exist'),
        ('apps.get_model("other", "Author")', "No installed app with label 'other'."),
    ],
)
def test_what_a_data_migration_raises_keeps_no_row(tmp_path: Path, empty: Address, body: str, kept: str) -> None:
    """Names of its own source stay, and the words of others' messages; what its strings say doesn't, nor a value."""
    name = "Jane-Roe" if "SELECT" not in body else "janeroe"
    given = f'Author = apps.get_model("app", "Author")\nrow = bytes.fromhex("{name.encode().hex()}").decode()\n'
    ran = probe(PYTHON, project(tmp_path / "site", run_python(given + body)), {"default": empty})
    failure = failure_of(ran)
    assert failure.operation == "Raw Python operation"
    assert name not in failure.message
    assert failure.message.startswith(kept)


def test_a_message_of_a_database_function_keeps_no_row(tmp_path: Path, empty: Address) -> None:
    raising = "DO $$ BEGIN RAISE EXCEPTION 'bad row %', 'Jane-' || 'Roe' USING ERRCODE = '23514'; END $$"
    do = f'migrations.RunSQL("{raising}")'
    ran = probe(PYTHON, project(tmp_path / "site", second(do)), {"default": empty})
    assert (failure_of(ran).sqlstate, failure_of(ran).message) == ("23514", "…")
    assert "Jane-Roe" not in ran.text


def test_a_violation_at_commit_is_deferred(tmp_path: Path, empty: Address) -> None:
    book = f"""migrations.CreateModel("Book", [{ID},
        ("author", models.ForeignKey("app.Author", on_delete=models.CASCADE))])"""
    orphan = 'def run(apps, editor):\n    apps.get_model("app", "Book").objects.create(author_id=7)\n'
    sources = second(book) | {"app/migrations/0003_y.py": migration(RUN, "app.0002_x", before=orphan)}
    failure = failure_of(probe(PYTHON, project(tmp_path / "site", sources), {"default": empty}))
    assert (failure.phase, failure.sqlstate, failure.migration) == (Phase.DEFERRED, "23503", "app.0003_y")
    assert (failure.relation, failure.sql) == ("app_book", None)


def test_a_migration_that_exits(tmp_path: Path, empty: Address) -> None:
    for code in ("1", ""):
        failure = failure_of(
            probe(
                PYTHON,
                project(tmp_path / f"site{code}", run_python(f"import sys\nsys.exit({code})")),
                {"default": empty},
            )
        )
        assert (failure.exception, failure.phase, failure.migration) == ("SystemExit", Phase.OPERATION, "app.0002_x")


def test_a_process_that_ends_itself_proves_nothing(tmp_path: Path, empty: Address) -> None:
    ran = probe(PYTHON, project(tmp_path / "site", run_python("import os\nos._exit(0)")), {"default": empty})
    assert (ran.trace.complete, ran.trace.failure) == (False, None)
    assert ran.trace.migrations[-1].name == "app.0002_x"
    assert not ran.trace.migrations[-1].finished


def test_noise_and_a_thread_that_never_ends_do_no_harm(tmp_path: Path, empty: Address) -> None:
    package = """\
import os, threading
print('{"v": 1, "event": "failure"}')
os.closerange(3, 64)
threading.Thread(target=threading.Event().wait).start()"""
    site = project(tmp_path / "site", INITIAL | {"app/__init__.py": package})
    trace = probe(PYTHON, site, {"default": empty}).trace
    assert (trace.complete, trace.failure) == (True, None)


def test_a_model_whose_table_is_missing(tmp_path: Path, server: Server, empty: Address) -> None:
    site = project(tmp_path / "site", INITIAL)
    assert probe(PYTHON, site, {"default": empty}).trace.failure is None
    server.execute(empty.dbname, "DROP TABLE app_author")
    trace = probe(PYTHON, site, {"default": empty}).trace
    assert trace.failure is not None
    assert (trace.failure.phase, trace.failure.sqlstate, trace.failure.relation) == (Phase.SMOKE, "42P01", "app_author")
    assert trace.models_read == 0


def test_a_model_whose_column_is_missing(tmp_path: Path, server: Server, empty: Address) -> None:
    site = project(tmp_path / "site", INITIAL)
    assert probe(PYTHON, site, {"default": empty}).trace.failure is None
    server.execute(empty.dbname, "ALTER TABLE app_author DROP name")
    failure = failure_of(probe(PYTHON, site, {"default": empty}))
    assert (failure.phase, failure.sqlstate, failure.relation) == (Phase.SMOKE, "42703", "app_author")
    assert failure.column_name == "name"


def test_a_second_migrate_with_work_left(tmp_path: Path, empty: Address) -> None:
    forgetful = """\
from django.apps import AppConfig
from django.db import connection
from django.db.models.signals import post_migrate
def forget(**kwargs):
    connection.cursor().execute("DELETE FROM django_migrations")
class Config(AppConfig):
    name = "app"
    default = True
    def ready(self):
        post_migrate.connect(forget)
"""
    sources = {"app/models.py": "", "app/migrations/0001_initial.py": migration(""), "app/apps.py": forgetful}
    trace = probe(PYTHON, project(tmp_path / "site", sources), {"default": empty}).trace
    assert trace.second_migrate == ("app.0001_initial",)
    assert trace.failure is not None
    assert (trace.failure.phase, trace.failure.migration) == (Phase.SMOKE, "app.0001_initial")


def test_an_extension_that_the_server_lacks_is_the_sandbox(tmp_path: Path, empty: Address) -> None:
    extension = 'migrations.RunSQL("CREATE EXTENSION IF NOT EXISTS not_here")'
    failure = failure_of(probe(PYTHON, project(tmp_path / "site", second(extension)), {"default": empty}))
    assert failure.sandbox == "the sandbox's server lacks the extension not_here"


def test_a_server_that_is_gone_is_the_sandbox(tmp_path: Path, empty: Address) -> None:
    nowhere = Address(str(tmp_path), 5432, "gone", "postgres")
    trace: Trace = probe(PYTHON, project(tmp_path / "site", INITIAL), {"default": nowhere}).trace
    assert trace.failure is not None
    assert (trace.failure.sqlstate, trace.history) == (None, None)
    assert trace.failure.sandbox == "a connection failed: the sandbox's own server"


def test_what_was_denied_and_whose_it_is(tmp_path: Path, server: Server) -> None:
    site = project(tmp_path / "site", second('migrations.AddField("author", "age", models.IntegerField(null=True))'))
    with server.database("denied") as address:
        first = project(tmp_path / "first", INITIAL)
        assert probe(PYTHON, first, {"default": address}).trace.failure is None
        server.execute(
            address.dbname, "CREATE ROLE visitor LOGIN", "GRANT ALL ON ALL TABLES IN SCHEMA public TO visitor"
        )
        try:
            failure = failure_of(
                probe(PYTHON, site, {"default": Address(address.host, address.port, address.dbname, "visitor")})
            )
        finally:
            server.execute(address.dbname, "DROP OWNED BY visitor", "DROP ROLE visitor")
    assert (failure.sqlstate, failure.relation, failure.phase) == ("42501", "app_author", Phase.OPERATION)
    assert failure.denied == "public.app_author, owned by postgres, not by visitor"
