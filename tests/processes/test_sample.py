"""The sample: its history ends in the files one can read, and the ready scenarios name what is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from simulator.host.resources import shipped
from simulator.sources import git

SCENARIOS = shipped("scenarios")
SAMPLE = SCENARIOS / "sample"
READY = sorted(SCENARIOS.glob("*.yaml.j2"))
DOCS = Path(__file__).parents[2] / "docs" / "sample.md"
BRANCHES = [
    "main",
    "release/1.3",
    "feature/order-reference",
    "feature/old-tags",
    "feature/order-index",
    "tidy/orders-migrations",
]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("sample") / "shop"
    git.clone_bundle(SAMPLE / "shop.bundle", into)
    return into


def test_main_of_the_bundle_is_the_folder(repository: Path) -> None:
    assert _files(repository) == _files(SAMPLE / "shop")


def test_the_script_makes_the_same_history_again(repository: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, SAMPLE / "make.py", "--into", tmp_path, "bundle"], check=True)
    git.clone_bundle(tmp_path / "shop.bundle", tmp_path / "again")
    assert [git.resolve(tmp_path / "again", branch) for branch in BRANCHES] == [
        git.resolve(repository, branch) for branch in BRANCHES
    ]


@pytest.mark.parametrize("branch", BRANCHES)
def test_the_migrations_of_every_branch_say_what_its_models_say(repository: Path, tmp_path: Path, branch: str) -> None:
    git.checkout(repository, branch, tmp_path / "tree")
    command = [sys.executable, "-B", "manage.py", "makemigrations", "--check", "--dry-run"]
    done = subprocess.run(command, cwd=tmp_path / "tree", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "No changes detected\n")


@pytest.mark.parametrize("path", READY, ids=lambda path: path.name)
def test_a_ready_scenario_names_files_and_refs_that_are_there(path: Path, repository: Path) -> None:
    scenario = yaml.safe_load(path.read_text())
    assert path.name == f"{scenario['name']}.yaml.j2"
    assert scenario["rehearse"] == {"confine": "if-possible"}
    named = [scenario["django"]["project"], *_step_files(scenario["baseline"])]
    assert [name for name in named if not (SCENARIOS.parent / name).exists()] == []
    for ref in [step["migrate"]["ref"] for step in scenario["baseline"] if "migrate" in step]:
        assert git.resolve(repository, ref)


@pytest.mark.parametrize("path", READY, ids=lambda path: path.name)
def test_the_docs_name_every_ready_scenario_and_what_it_comes_to(path: Path) -> None:
    scenario = yaml.safe_load(path.read_text())
    (row,) = [line for line in DOCS.read_text().splitlines() if line.startswith(f"| `{scenario['name']}` |")]
    expected = scenario.get("expect", {"migration": "catalog.0003_tag", "sqlstate": "42P07"})
    words = [expected] if expected == "safe" else [expected["migration"], expected["sqlstate"]]
    assert [word for word in words if word not in row] == []


def _step_files(steps: list[dict[str, str | dict[str, str]]]) -> list[str]:
    values = [value for step in steps for value in step.values()]
    files = [value if isinstance(value, str) else value.get("dump") for value in values]
    return [name for name in files if name]


def _files(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): path.read_text()
        for path in root.rglob("*")
        if path.is_file() and not {".git", "__pycache__"} & set(path.parts)
    }
