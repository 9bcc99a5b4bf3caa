"""Which database the project's aliases lead to, whatever its settings say."""

from __future__ import annotations

import sys
from pathlib import Path

from simulator.model import Address, Phase
from tests.support.probing import migration, probe, project
from tests.support.server import Server

PYTHON = Path(sys.executable)
EMPTY_APP = {"app/migrations/0001_initial.py": migration("")}
RUN = "migrations.RunPython(run)"


def code(body: str) -> dict[str, str]:
    """An app whose only migration runs that body."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return {"app/migrations/0001_initial.py": migration(RUN, before=f"def run(apps, editor):\n{lines}")}


def test_the_search_path_stays_and_the_rest_is_the_sandboxs(tmp_path: Path, server: Server) -> None:
    options = {"options": "-c search_path=shop", "sslmode": "verify-full", "service": "prod"}
    settings = f'DATABASES["default"]["OPTIONS"] = {options}\n'
    with server.database("shops", "CREATE SCHEMA shop") as address:
        trace = probe(PYTHON, project(tmp_path / "site", EMPTY_APP, settings=settings), {"default": address}).trace
        tables = server.query(
            "shops", "SELECT schemaname, tablename FROM pg_tables WHERE tablename = 'django_migrations'"
        )
    assert (trace.complete, trace.failure, tables) == (True, None, [("shop", "django_migrations")])


def test_other_aliases_share_have_their_own_or_only_err(tmp_path: Path, server: Server, empty: Address) -> None:
    settings = """
DATABASES["mirror"] = dict(DATABASES["default"], TEST={"MIRROR": "default"})
DATABASES["own"] = dict(DATABASES["default"], NAME="own")
DATABASES["lite"] = {"ENGINE": "django.db.backends.sqlite3", "NAME": "lite.db"}
"""
    body = """\
from django.db import connections
names = []
for alias in ("default", "mirror", "own"):
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT current_database()")
        names += cursor.fetchone()
assert names == ["probed", "probed", "second"], names
connections["lite"].cursor()"""
    with server.database("second") as second:
        site = project(tmp_path / "site", code(body), settings=settings)
        trace = probe(PYTHON, site, {"default": empty, "own": second}).trace
    assert trace.failure is not None
    assert trace.failure.exception == "django.core.exceptions.ImproperlyConfigured"
    assert (
        trace.failure.sandbox == "the project's code uses a database that is not PostgreSQL, and that is not rehearsed"
    )
    assert not (site / "lite.db").exists()


def test_another_alias_can_be_rehearsed(tmp_path: Path, server: Server, empty: Address) -> None:
    settings = 'DATABASES["reports"] = dict(DATABASES["default"], NAME="reports")\n'
    with server.database("reports") as reports:
        site = project(tmp_path / "site", EMPTY_APP, settings=settings)
        trace = probe(PYTHON, site, {"default": empty, "reports": reports}, alias="reports").trace
        made = server.query("reports", "SELECT count(*) FROM django_migrations")
    assert (trace.failure, made) == (None, [(1,)])
    assert server.query(empty.dbname, "SELECT to_regclass('django_migrations') IS NULL") == [(True,)]


def test_an_alias_that_the_settings_lack(tmp_path: Path, empty: Address) -> None:
    trace = probe(
        PYTHON, project(tmp_path / "site", EMPTY_APP), {"default": empty, "other": empty}, alias="other"
    ).trace
    assert trace.failure is not None
    assert (trace.failure.phase, trace.complete) == (Phase.SETTINGS, True)
    assert "other" in trace.failure.message


def test_settings_that_are_changed_back_are_refused(tmp_path: Path, empty: Address) -> None:
    back = """\
from django.apps import AppConfig
class Config(AppConfig):
    name = "app"
    default = True
    def ready(self):
        from django.db import connections
        connections.settings["default"]["HOST"] = "db.invalid"
"""
    trace = probe(PYTHON, project(tmp_path / "site", EMPTY_APP | {"app/apps.py": back}), {"default": empty}).trace
    assert trace.failure is not None
    assert (trace.failure.phase, trace.attempts) == (Phase.SETTINGS, ())


def test_manage_py_sets_what_the_settings_need(tmp_path: Path, empty: Address) -> None:
    """Its environment, its sys.path, and the settings module, which the request's own wins over."""
    manage = """\
import os, sys
os.environ["SHOP_KEY"] = "set by manage.py"
os.environ["DJANGO_SETTINGS_MODULE"] = "wrong.settings"
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "src"))
from django.core.management import execute_from_command_line
if __name__ == "__main__":
    assert sys.argv[:2] == ["manage.py", "migrate"]
    sys.exit(execute_from_command_line(sys.argv))
"""
    needs = 'import os, helper\nassert os.environ["SHOP_KEY"] == "set by manage.py"\n'
    sources = EMPTY_APP | {"app/models.py": needs}
    site = project(tmp_path / "site", sources)
    (site / "manage.py").write_text(manage)
    (site / "src").mkdir()
    (site / "src" / "helper.py").write_text("")
    trace = probe(PYTHON, site, {"default": empty}, settings="settings").trace
    assert (trace.complete, trace.failure, trace.settings_module) == (True, None, "settings")


def test_without_manage_py_the_settings_do(tmp_path: Path, empty: Address) -> None:
    site = project(tmp_path / "site", EMPTY_APP)
    (site / "manage.py").unlink()
    trace = probe(PYTHON, site, {"default": empty}, settings="settings").trace
    assert (trace.failure, trace.second_migrate) == (None, ())


def test_the_projects_own_migrate_command_runs(tmp_path: Path, server: Server, empty: Address) -> None:
    own = """\
from django.core.management.commands.migrate import Command as Base
from django.db import connection
class Command(Base):
    def handle(self, *args, **options):
        connection.cursor().execute("CREATE TABLE IF NOT EXISTS made_by_our_own (id int)")
        return super().handle(*args, **options)
"""
    sources = EMPTY_APP | {
        "app/management/__init__.py": "",
        "app/management/commands/__init__.py": "",
        "app/management/commands/migrate.py": own,
    }
    trace = probe(PYTHON, project(tmp_path / "site", sources), {"default": empty}).trace
    assert trace.failure is None
    assert server.query(empty.dbname, "SELECT to_regclass('made_by_our_own') IS NOT NULL") == [(True,)]
    assert trace.notices == ('relation "made_by_our_own" already exists, skipping',)


def test_settings_that_manage_py_loads_early_are_the_sandboxs_already(tmp_path: Path, empty: Address) -> None:
    manage = """\
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django
django.setup()
from django.db import connection
connection.cursor().execute("SELECT 1")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
    site = project(tmp_path / "site", EMPTY_APP)
    (site / "manage.py").write_text(manage)
    trace = probe(PYTHON, site, {"default": empty}).trace
    assert (trace.complete, trace.failure, trace.attempts) == (True, None, ())


def test_variables_of_libpq_lead_nowhere_else_once_the_settings_have_read_them(tmp_path: Path, empty: Address) -> None:
    """libpq takes an address from the environment even where the connection names a host."""
    settings = 'import os\nDATABASES["default"]["OPTIONS"]["sslmode"] = os.environ["PGSSLMODE"]\n'
    elsewhere = {
        "PGHOSTADDR": "127.0.0.1",
        "PGSERVICE": "prod",
        "PGREQUIREAUTH": "scram-sha-256",
        "PGSSLMODE": "require",
    }
    site = project(tmp_path / "site", EMPTY_APP, settings=settings)
    trace = probe(PYTHON, site, {"default": empty}, environment=elsewhere).trace
    assert (trace.complete, trace.failure, trace.attempts) == (True, None, ())


def test_an_address_beside_the_sandboxs_host_is_refused_under_guard(tmp_path: Path, empty: Address) -> None:
    body = """\
import psycopg
held = editor.connection.settings_dict
for more in ({"hostaddr": "127.0.0.1"}, {"service": "prod"}):
    try:
        psycopg.connect(host=held["HOST"], port=held["PORT"], dbname="x", **more)
    except psycopg.OperationalError as error:
        assert "not the sandbox" in str(error), error"""
    trace = probe(PYTHON, project(tmp_path / "site", code(body)), {"default": empty}, guard=True).trace
    assert trace.failure is None
    assert {each.address for each in trace.attempts} == {f"127.0.0.1:{empty.port}", "service prod:5432"}
