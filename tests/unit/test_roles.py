"""Whom the project connects as."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.model import Dump
from simulator.roles import SUPERUSER, settle_role
from simulator.scenario import Role


def _dump(owner: str | None, *roles: str) -> Dump:
    return Dump(path=Path("prod.dump"), format="custom", owner=owner, roles=roles)


def test_auto_takes_the_owner_of_the_history() -> None:
    plan = settle_role("auto", _dump("shop_app", "shop_app", "reporting", "postgres", "pg_read_all_data"))
    assert (plan.project_user, plan.superuser, plan.no_owner, plan.automatic) == ("shop_app", False, False, True)
    assert plan.create == ("reporting",)
    assert plan.note == ""


@pytest.mark.parametrize("owner", [None, "postgres", "rdsadmin", "cloudsqlsuperuser", "doadmin", "neon_superuser"])
def test_auto_is_a_superuser_where_an_administrator_owns_it(owner: str | None) -> None:
    plan = settle_role("auto", _dump(owner, "reader"))
    assert (plan.project_user, plan.superuser, plan.no_owner) == (SUPERUSER, True, True)
    assert plan.create == ("reader",)
    assert "ownership and privileges" in plan.note


def test_auto_without_a_dump_is_a_superuser() -> None:
    assert settle_role("auto", None).superuser


def test_a_superuser_that_the_scenario_asks_for() -> None:
    assert settle_role("superuser", _dump("shop_app")).superuser
    assert settle_role("postgres", _dump("shop_app")).superuser


def test_a_named_role_and_what_it_is_a_member_of() -> None:
    plan = settle_role(Role(name="deploy", member_of=("reporting",)), _dump("shop_app", "shop_app"))
    assert (plan.project_user, plan.superuser, plan.automatic) == ("deploy", False, False)
    assert plan.create == ("reporting", "shop_app")
    assert plan.member_of == ("reporting",)
