"""Which majors and how much room a run needs, from the scenario and the dumps' headers."""

from pathlib import Path

import pytest

from simulator.baseline.build import databases_of, steps_owner
from simulator.engines.plan import Build, Image, Interpreter, Requirements
from simulator.errors import UsageError
from simulator.model import Alias, Dump
from simulator.postgres.version import major
from simulator.project.planning import (
    DATABASES,
    DEFAULT_MAJOR,
    GROWTH_OF_COMPRESSED,
    ROOM_FOR_A_SERVER,
    brings_code,
    client_major,
    room,
    server_major,
)
from simulator.scenario import Django, SameAs, Scenario


def dump(dumped_from: str = "15.4", dumped_by: str = "15.4", **facts: object) -> Dump:
    return Dump(Path("prod.dump"), **{"format": "custom", "dumped_from": dumped_from, "dumped_by": dumped_by} | facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("version", "expected"), [("15.4", 15), ("16", 16), ("9.6.24", 9), ("18beta1", 18), (None, None)]
)
def test_a_major_is_the_number_that_a_version_begins_with(version: str | None, expected: int | None) -> None:
    assert major(version) == expected


def test_the_server_is_the_one_that_the_dump_was_taken_from_not_dumped_by() -> None:
    assert server_major(None, [dump(dumped_from="14.9", dumped_by="16.1")]) == 14


def test_the_newest_of_several_dumps_decides() -> None:
    assert server_major(None, [dump("14.9"), dump("15.1")]) == 15


def test_the_scenarios_version_wins() -> None:
    assert server_major("17", [dump("15.4")]) == 17


def test_without_a_dump_there_is_a_default() -> None:
    assert server_major(None, []) == DEFAULT_MAJOR


def test_pg_restore_has_to_be_as_new_as_the_pg_dump_that_wrote_the_archive() -> None:
    assert client_major(None, (dump("14.9", "16.1"),)) == 16
    assert client_major(None, (dump("14.9", "16.1", format="plain"),)) == 14


def test_compressed_rows_grow_plain_text_does_not() -> None:
    assert room([dump(size=100)]) == ROOM_FOR_A_SERVER + DATABASES * GROWTH_OF_COMPRESSED * 100
    assert room([dump(size=100, format="plain")]) == ROOM_FOR_A_SERVER + DATABASES * 100
    assert room([dump(size=100, format="plain", compression="gzip")]) == room([dump(size=100)])


@pytest.mark.parametrize(
    ("dependencies", "expected"),
    [
        (Image("registry/app:1"), True),
        (Image("registry/app:1", checkout=True), False),
        (Build(Path()), True),
        (Requirements((Path("requirements.txt"),)), False),
        (Interpreter(Path("python")), False),
    ],
)
def test_only_an_image_brings_code(dependencies: Image | Build | Requirements | Interpreter, expected: bool) -> None:
    assert brings_code(dependencies) is expected


def scenario(**django: object) -> Scenario:
    return Scenario(version=1, name="s", django=Django(**django))  # type: ignore[arg-type]


def postgres(name: str, same_as: str | None = None) -> Alias:
    return Alias(name, "django.db.backends.postgresql", "postgresql", same_as)


def test_every_postgresql_alias_gets_a_database_of_its_own_and_other_backends_none() -> None:
    aliases = [postgres("default"), postgres("archive"), Alias("cache", "django.db.backends.sqlite3", "sqlite")]
    assert databases_of(scenario(), aliases) == {"default": "baseline0", "archive": "baseline1"}


def test_mirrors_share_a_database() -> None:
    aliases = [postgres("default"), postgres("replica", same_as="default")]
    assert databases_of(scenario(), aliases) == {"default": "baseline0", "replica": "baseline0"}


def test_a_scenario_can_declare_two_aliases_the_same() -> None:
    aliases = [postgres("default"), postgres("legacy")]
    declared = scenario(baselines={"legacy": SameAs(same_as="default")})
    assert databases_of(declared, aliases) == {"default": "baseline0", "legacy": "baseline0"}


def test_mirrors_that_name_each_other_do_not_go_round_for_ever() -> None:
    aliases = [postgres("default", same_as="other"), postgres("other", same_as="default")]
    assert set(databases_of(scenario(), aliases).values()) <= {"baseline0", "baseline1"}


@pytest.mark.parametrize("alias", ["nope", "files"])
def test_an_alias_that_is_none_or_no_postgresql_is_refused_by_name(alias: str) -> None:
    aliases = [postgres("default"), Alias("files", "django.db.backends.sqlite3", "sqlite")]
    with pytest.raises(UsageError, match=f"{alias}.*it has: default"):
        databases_of(scenario(database=alias), aliases)


def test_the_alias_under_rehearsal_makes_a_shared_database() -> None:
    names = {"replica": "baseline0", "default": "baseline0", "archive": "baseline1"}
    assert steps_owner(names, "baseline0", "default") == "default"
    assert steps_owner(names, "baseline1", "default") == "archive"
