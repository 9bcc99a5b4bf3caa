"""The options that every verb has which starts something."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator import cli
from simulator.commands.options import Shared, environment
from simulator.errors import UsageError
from simulator.scenario import files
from tests.support import files as texts

VERBS = ("run", "fix", "nightly", "showmigrations")
SCENARIO = """\
version: 1
name: shop
django: {project: ., requirements: r.txt, environment: {DEBUG: "0", KEY: own}}
rehearse: {tier: data}
"""


@pytest.mark.parametrize("verb", VERBS)
def test_they_have_them_all(verb: str) -> None:
    said = CliRunner().invoke(cli.app, [verb, "--help"], env={"COLUMNS": "200"}).output
    for option in ("--engine", "--confine", "--tier", "--set", "--env", "--quiet", "--verbose"):
        assert option in said, option
    assert "MIGSIM_ENGINE" in said
    assert "MIGSIM_CONFINE" in said


def test_what_is_said_there_stands_in_place_of_the_scenarios_own(tmp_path: Path) -> None:
    path = texts.write(tmp_path, {"shop.yaml": SCENARIO}) / "shop.yaml"
    loaded = files.read(path, {}, {})
    changed = Shared(environment={"DEBUG": "1", "NEW": None}, tier="schema").over(loaded).scenario
    assert changed.django.environment == {"DEBUG": "1", "KEY": "own", "NEW": None}
    assert (changed.rehearse.tier, changed.rehearse.confine) == ("schema", loaded.scenario.rehearse.confine)
    assert Shared().over(loaded).scenario == loaded.scenario
    other = Shared(environment={"DJANGO_SETTINGS_MODULE": "shop.local"}).over(loaded).scenario
    assert other.django.settings == "shop.local"


def test_a_variable_with_a_value_without_one_and_with_an_empty_one() -> None:
    assert environment(["A=b=c", "D", "E="]) == {"A": "b=c", "D": None, "E": ""}


@pytest.mark.parametrize("pair", ["=hunter2", "A-B=hunter2", "1A", ""])
def test_what_is_no_variables_name_is_refused_without_its_value(pair: str) -> None:
    with pytest.raises(UsageError, match="--env") as refused:
        environment([pair])
    assert "hunter2" not in refused.value.message


def test_an_engine_of_the_environment_that_is_none_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGSIM_ENGINE", "nonsense")
    monkeypatch.setattr("sys.argv", ["migsim", "run", "x"])
    assert cli.main() == 2
