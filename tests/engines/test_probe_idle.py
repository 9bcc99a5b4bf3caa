"""What a migration's code would still do, seen by running it on a database that counts it as applied."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from simulator.model import Address
from tests.support.probing import migration, probe, project
from tests.support.server import Server

PYTHON = Path(sys.executable)
MODELS = "from django.db import models\nclass Post(models.Model):\n    title = models.CharField(max_length=9)\n"
FIELDS = '[("id", models.BigAutoField(primary_key=True)), ("title", models.CharField(max_length=9))]'
CREATE = f'migrations.CreateModel("Post", {FIELDS})'
POSTS = "apps.get_model('app', 'Post').objects"
SWALLOWED = """\
from django.db import transaction
    try:
        with transaction.atomic():
            editor.connection.cursor().execute('SELECT * FROM gone')
    except Exception:
        pass"""
CASES = {
    "nothing": ("pass", True),
    "a look": (f"assert {POSTS}.count() == 1", True),
    "an update of no row": (f"{POSTS}.filter(title='x').update(title='y')", True),
    "an update": (f"{POSTS}.update(title='y')", False),
    "a row": (f"{POSTS}.create(title='y')", False),
    "a row that is taken back": (f"editor.connection.set_rollback({POSTS}.create(title='y') is not None)", False),
    "a table": ("editor.execute('CREATE TABLE made (a int)')", False),
    "a large object": ("editor.connection.cursor().execute('SELECT lo_create(0)')", False),
    "an error": ("raise ValueError", False),
    "an exit": ("raise SystemExit(0)", False),
    "an error of SQL that is caught": (SWALLOWED, False),
}


def code(body: str, operation: str = "migrations.RunPython(run)") -> dict[str, str]:
    """An app whose second migration runs that body."""
    return {
        "app/models.py": MODELS,
        "app/migrations/0001_initial.py": migration(CREATE),
        "app/migrations/0002_code.py": migration(
            operation, "app.0001_initial", before=f"def run(apps, editor):\n    {body}\n"
        ),
    }


@pytest.fixture
def migrated(tmp_path: Path, empty: Address, server: Server) -> Path:
    """A project whose database has both migrations and one post."""
    site = project(tmp_path / "site", code("pass"))
    assert probe(PYTHON, site, {"default": empty}).trace.failure is None
    server.execute(empty.dbname, "INSERT INTO app_post (title) VALUES ('a')")
    return site


@pytest.mark.parametrize("case", CASES)
def test_only_what_ends_without_an_error_and_writes_nothing_is_idle(case: str, migrated: Path, empty: Address) -> None:
    body, idle = CASES[case]
    project(migrated, code(body))
    trace = probe(PYTHON, migrated, {"default": empty}, mode="idle", names=("app.0002_code",)).trace
    assert (trace.complete, trace.idle) == (True, ("app.0002_code",) if idle else ())


@pytest.mark.parametrize("body", ["pass", f"{POSTS}.update(title='y')"])
def test_of_database_operations_the_code_is_run_and_the_schema_left(body: str, migrated: Path, empty: Address) -> None:
    add = 'migrations.AddField("Post", "extra", models.IntegerField(null=True))'
    both = f"migrations.SeparateDatabaseAndState([{add}, migrations.RunPython(run)], [migrations.RunPython(run)])"
    project(migrated, code(body, both))
    trace = probe(PYTHON, migrated, {"default": empty}, mode="idle", names=("app.0002_code",)).trace
    assert trace.complete
    assert bool(trace.idle) is (body == "pass")
