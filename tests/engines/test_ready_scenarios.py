"""The scenarios that come with migsim, run as a person would: each comes to the verdict and cause it was made for."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from typing import Any

import pytest

from simulator.host.resources import shipped

ENGINES = [pytest.param("embedded"), pytest.param("docker", marks=pytest.mark.docker)]
# What plain `manage.py migrate` hits on the same restored dumps: exit code, migration, SQLSTATE, relation.
TRUTH: dict[str, tuple[int, str | None, str | None, str | None]] = {
    "healthy": (0, None, None, None),
    "prod-copy": (1, "catalog.0003_tag", "42P07", "catalog_tag"),
    "table-by-hand": (0, "catalog.0003_tag", "42P07", "catalog_tag"),
    "migrations-deleted": (0, "orders.0001_initial", "42P07", "orders_order"),
    "old-branch": (0, "catalog.0003_tag", "42P07", "catalog_tag"),
    "state-out-of-sync": (0, "orders.0005_order_placed_at", "42P07", "orders_order_placed_at"),
    "dirty-restore": (0, "catalog.0003_tag", "42P07", "catalog_tag"),
}
# The causes of the roots, in order, and the fix that works; None: only a person can mend it.
WHY: dict[str, tuple[list[str], str | None]] = {
    "healthy": ([], None),
    "prod-copy": (["lost-record", "other-branch"], "fix-plan"),
    "table-by-hand": (["made-by-hand"], "set-aside"),
    "migrations-deleted": (["regenerated"], None),
    "old-branch": (["other-branch"], "drop-leftover"),
    "state-out-of-sync": (["made-twice"], None),
    "dirty-restore": (["restored-over-data"], "fake-exactly"),
}


def test_every_ready_scenario_is_tried() -> None:
    shipped_here = {path.name.removesuffix(".yaml.j2") for path in shipped("scenarios").glob("*.yaml.j2")}
    assert shipped_here == set(TRUTH) == set(WHY)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", TRUTH)
def test_it_comes_to_its_verdict(name: str, engine: str) -> None:
    code, migration, sqlstate, relation = TRUTH[name]
    report = _run(name, engine)
    failure = report["failure"] or {"migration": None, "sqlstate": None, "relation": None}
    assert report["error"] is None
    assert (report["exit_code"], report["verdict"]) == (code, "would-fail" if migration else "safe")
    assert (failure["migration"], failure["sqlstate"], failure["relation"]) == (migration, sqlstate, relation)
    assert report["role"] == "shop_app"


@pytest.mark.parametrize("name", WHY)
def test_it_says_why_and_what_mends_it(name: str) -> None:
    report = _run(name, "embedded")
    recommended = [fix["id"] for fix in report["fixes"] if fix["recommended"]]
    why = [one["cause"]["id"] for one in report["findings"] if one["root"]]
    assert (why, *recommended) == (WHY[name][0], *filter(None, [WHY[name][1]]))


@pytest.mark.docker
def test_fixes_are_tried_in_containers_as_well() -> None:
    report = _run("prod-copy", "docker")
    assert [fix["id"] for fix in report["fixes"] if fix["recommended"]] == ["fix-plan"]


@pytest.mark.parametrize("engine", ENGINES)
def test_production_s_history_is_read_as_it_is(engine: str) -> None:
    history = _run("prod-copy", engine)["history"]
    assert history["pending"] == [
        "catalog.0003_tag",
        "catalog.0004_product_tags",
        "customers.0003_lowercase_emails",
        "orders.0003_order_reference",
    ]
    assert history["not_on_disk"] == ["orders.0003_reference"]


@functools.cache
def _run(name: str, engine: str) -> dict[str, Any]:
    """Once each. In containers fixes are tried for one only: what mends a database is no matter of the engine."""
    command = [sys.executable, "-m", "simulator", "run", name, "--engine", engine, "--format", "json"]
    command += ["--no-trials"] if engine == "docker" and name != "prod-copy" else []
    done = subprocess.run(command, cwd=shipped("scenarios").parent, capture_output=True, text=True, check=False)
    report: dict[str, Any] = json.loads(done.stdout or "null") or pytest.fail(done.stderr)
    assert done.returncode == report["exit_code"]
    return report
