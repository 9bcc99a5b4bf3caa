"""Whom the project connects as."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simulator.baseline.roles import is_answer, settle_role
from simulator.engines.plan import SUPERUSER
from simulator.errors import UsageError
from simulator.model import Dump, Failure, Phase
from simulator.scenario import Role


def _dump(owner: str | None, *roles: str) -> Dump:
    return Dump(path=Path("prod.dump"), format="custom", owner=owner, roles=roles)


def test_auto_takes_the_owner_of_the_history() -> None:
    plan = settle_role("auto", _dump("shop_app", "shop_app", "reporting", "postgres", "pg_read_all_data"))
    assert (plan.project_user, plan.superuser, plan.no_owner, plan.automatic) == ("shop_app", False, False, True)
    assert plan.create == ("reporting",)
    assert plan.note.startswith("who owns the database")  # which this dump does not say


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


# --- settings, history, database -------------------------------------------------------------------


def archive(owner: str | None, database: str | None, *roles: str, **more: Any) -> Dump:
    given = {"format": "custom", "dumped_from": "15.4", **more}
    known = tuple(dict.fromkeys(filter(None, (owner, database, *roles))))
    return Dump(path=Path("prod.dump"), owner=owner, database_owner=database, roles=known, **given)


@pytest.mark.parametrize(
    ("settings_user", "owner", "database", "user"),
    [
        ("app", "app", "app", "app"),
        ("app", "app", "postgres", "app"),
        ("app", "owner", "owner", "app"),  # known to the dump: granted something
        ("stranger", "owner", "dba", "owner"),
        (None, "owner", None, "owner"),
        ("stranger", "postgres", "app", "app"),
        ("stranger", "rds_superuser", "cloudsqlsuperuser", SUPERUSER),
        ("postgres", "postgres", "postgres", SUPERUSER),
        ("rds_superuser", "owner", "rds_superuser", "owner"),
        ("app", "postgres", "postgres", "app"),
        ("stranger", None, "app", "app"),
        ("stranger", None, None, SUPERUSER),
    ],
)
def test_whom_the_project_connects_as(
    settings_user: str | None, owner: str | None, database: str | None, user: str
) -> None:
    plan = settle_role("auto", archive(owner, database, "app"), settings_user=settings_user)
    assert (plan.project_user, plan.superuser) == (user, user == SUPERUSER)
    assert plan.database_owner == (database or SUPERUSER if user != SUPERUSER else SUPERUSER)
    assert plan.project_user not in plan.create


def test_a_role_that_a_pg_dumpall_calls_a_superuser_is_one() -> None:
    plan = settle_role("auto", archive("boss", "boss", superusers=("boss",)))
    assert plan.superuser
    assert not plan.note


def test_settings_that_name_another_than_the_owner_are_told_once_with_the_key() -> None:
    (warning,) = settle_role("auto", archive("owner", "owner", "app"), settings_user="app").warnings
    assert "set postgres: {role: owner}" in warning
    for settings_user in ("owner", "stranger", None):
        assert not settle_role("auto", archive("owner", "owner", "app"), settings_user=settings_user).warnings


def test_the_database_is_its_owners_and_the_projects_only_without_a_dump() -> None:
    assert settle_role("auto", archive("app", "dba")).database_owner == "dba"
    assert settle_role("app", archive("app", "dba")).database_owner == "dba"
    assert settle_role("app", None).database_owner == "app"
    unnamed = settle_role("auto", archive("app", None, format="plain"))
    assert (unnamed.database_owner, unnamed.owner_known) == (SUPERUSER, False)
    assert "who owns the database" in unnamed.note


@pytest.mark.parametrize(
    ("dumped_from", "stand_in", "open_"),
    [("14.9", True, True), ("14.9", False, False), ("15.1", True, False), ("9.6.24", True, True), (None, True, False)],
)
def test_public_is_open_where_the_dumps_own_server_had_it_so(
    dumped_from: str | None, stand_in: bool, open_: bool
) -> None:
    plan = settle_role("auto", archive("app", "postgres", dumped_from=dumped_from), stand_in=stand_in)
    assert plan.all_may_create is open_


def test_an_archive_without_privileges_is_a_warning_where_they_matter() -> None:
    bare = {"has_privileges": False}
    assert settle_role("auto", archive("app", "dba", **bare)).warnings == (
        "the dump holds no privileges: was it taken with -x?",
    )
    assert not settle_role("auto", archive("app", "app", **bare)).warnings
    assert not settle_role("auto", archive("app", "dba")).warnings


def test_a_role_that_the_dump_does_not_know_is_an_error_that_lists_those_it_knows() -> None:
    with pytest.raises(UsageError, match=r"no role 'deploy' \(it has: app, dba\)") as refused:
        settle_role("deploy", archive("app", "dba", "rds_superuser"))
    assert "member_of" in refused.value.hint
    assert settle_role(Role(name="deploy", member_of=("app",)), archive("app", "dba")).project_user == "deploy"


OF_ORDINARY, OF_ADMINISTRATOR = {"denied_owner": "ops"}, {"denied_owner": "postgres"}
BY_DATABASE = {"denied_by_database": True}
UNTRUSTED = {"denied_owner": "a superuser"}


@pytest.mark.parametrize(
    ("database", "refusal", "answer"),
    [
        ("app", OF_ORDINARY, False),  # membership, which no dump tells
        ("app", OF_ADMINISTRATOR, True),
        ("app", {"denied_owner": "rds_superuser"}, True),
        ("app", {}, False),
        ("postgres", {**OF_ADMINISTRATOR, **BY_DATABASE}, True),
        ("azure_pg_admin", {"denied_owner": "azure_pg_admin", **BY_DATABASE}, True),
        ("dba", {"denied_owner": "dba", **BY_DATABASE}, False),
        (None, {**OF_ADMINISTRATOR, **BY_DATABASE}, False),  # the superuser stands in for an owner that is not known
        (None, OF_ADMINISTRATOR, True),
        ("app", UNTRUSTED, True),
        ("postgres", UNTRUSTED, True),
        ("rds_superuser", UNTRUSTED, False),
        (None, UNTRUSTED, False),
    ],
)
def test_which_refusal_is_an_answer(database: str | None, refusal: dict[str, Any], answer: bool) -> None:
    failure = Failure(exception="E", message="m", phase=Phase.OPERATION, sqlstate="42501", **refusal)
    assert is_answer(settle_role("auto", archive("app", database)), failure) is answer
    assert is_answer(settle_role("app", archive("app", database)), failure)
