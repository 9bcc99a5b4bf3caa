"""Djangos and Pythons older than what the probe is made for: the same story where it can tell it, else why not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from simulator.engines.embedded import interpreters
from simulator.model import Address, Phase
from tests.support import djangos
from tests.support.djangos import Stack
from tests.support.probing import migration, probe, project
from tests.support.server import Server

TAG = 'migrations.CreateModel("Tag", [("id", models.AutoField(primary_key=True))])'
BLOG = {
    "blog/models.py": "from django.db import models\nclass Tag(models.Model):\n    pass\n",
    "blog/migrations/0001_initial.py": migration(TAG),
}
# Before 2.2 a model had no constraints, before 2.0 a connection no execute wrappers.
OLD_STACKS = (Stack("3.8", "2.0", "psycopg2-binary<2.9"), Stack("3.8", "1.11", "psycopg2-binary<2.9"))


@pytest.fixture(params=OLD_STACKS, ids=lambda stack: stack.django)
def old_python(request: pytest.FixtureRequest) -> Path:
    if reason := djangos.missing(request.param):
        pytest.skip(reason)
    return djangos.interpreter(request.param)


def test_a_healthy_project_on_an_old_django(tmp_path: Path, old_python: Path, empty: Address) -> None:
    trace = probe(old_python, project(tmp_path / "site", BLOG), {"default": empty}).trace
    assert (trace.complete, trace.failure, trace.second_migrate, trace.models_read) == (True, None, (), 1)


def test_a_table_in_the_way_on_an_old_django(tmp_path: Path, old_python: Path, empty: Address, server: Server) -> None:
    server.execute(empty.dbname, "CREATE TABLE blog_tag (id int)")
    trace = probe(old_python, project(tmp_path / "site", BLOG), {"default": empty}).trace
    failure = trace.failure
    assert trace.complete
    assert failure is not None
    assert (failure.phase, failure.migration, failure.operation, failure.sqlstate, failure.relation) == (
        Phase.OPERATION,
        "blog.0001_initial",
        "Create model Tag",
        "42P07",
        "blog_tag",
    )


def test_a_python_that_the_probe_cannot_run_on_is_named(tmp_path: Path) -> None:
    old = [found for found in map(interpreters.ask, _older_pythons()) if found]
    if not old:
        pytest.skip("no Python older than 3.8 on this machine")
    trace = probe(old[0].path, project(tmp_path / "site", BLOG), None).trace
    assert trace.complete
    assert trace.failure is not None
    assert (trace.failure.phase, trace.failure.sandbox) == (
        Phase.SETTINGS,
        f"the project's Python is {old[0].version}, and the oldest that migsim can look into is 3.8",
    )


def _older_pythons() -> list[Path]:
    versions = Path(sys.base_prefix).parent
    return sorted([*versions.glob("3.[67].*/bin/python3"), *versions.glob("2.7.*/bin/python2.7")])
