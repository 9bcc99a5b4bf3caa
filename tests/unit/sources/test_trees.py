"""Trees of code are found before anything starts, and a reader is told how they differ from the working tree."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulator.errors import CannotTell, UsageError
from simulator.model import Dump
from simulator.scenario import Django, Migrate, Restore, Scenario, Step
from simulator.sources.trees import Sources, gather, without_rows
from tests.support import repository


def found(root: Path, work: Path, *steps: Step, **django: object) -> Sources:
    work.mkdir(exist_ok=True)
    scenario = Scenario(version=1, name="s", django=Django(**django), baseline=steps)  # type: ignore[arg-type]
    return gather(scenario, root, work, datetime.now(UTC))


def two_branches(root: Path) -> repository.Repository:
    """main and feature, which edit the same line of app.py; the project lies one folder below the top."""
    repo = repository.new(root)
    repo.commit("first", shop__manage_py="", shop__app_py="a = 1\n")
    repo.git("checkout", "--quiet", "-b", "feature")
    repo.commit("feature", shop__app_py="a = 2\n")
    repo.git("checkout", "--quiet", "main")
    return repo


def test_the_working_tree_is_taken_as_it_is(tmp_path: Path) -> None:
    repo = two_branches(tmp_path / "repo")
    code = found(repo.root, tmp_path / "work", project="shop").code
    assert (code.root, code.project) == (repo.root, repo.root / "shop")
    assert (code.version.ref, code.version.dirty) == ("main", False)


def test_a_ref_is_a_tree_of_its_own_with_the_project_at_the_same_place(tmp_path: Path) -> None:
    repo = two_branches(tmp_path / "repo")
    before = repo.fingerprint()
    sources = found(repo.root, tmp_path / "work", project="shop", ref="feature")
    assert (sources.code.project / "app_py").read_text() == "a = 2\n"
    assert sources.warnings == ()
    assert repo.fingerprint() == before


def test_uncommitted_changes_that_a_ref_leaves_out_are_told(tmp_path: Path) -> None:
    repo = two_branches(tmp_path / "repo")
    repo.write(shop__app_py="a = 3\n")
    [warning] = found(repo.root, tmp_path / "work", project="shop", ref="feature").warnings
    assert "uncommitted changes" in warning
    assert "feature" in warning


def test_a_merge_that_conflicts_names_its_files(tmp_path: Path) -> None:
    repo = two_branches(tmp_path / "repo")
    repo.commit("main too", shop__app_py="a = 4\n")
    code = found(repo.root, tmp_path / "work", project="shop", merge=("feature",)).code
    assert (code.conflicting_ref, code.conflicts) == ("feature", ("shop/app_py",))


def test_each_ref_of_the_baseline_is_checked_out_once(tmp_path: Path) -> None:
    repo = two_branches(tmp_path / "repo")
    steps = [Step(migrate=Migrate(ref="feature"))] * 2
    sources = found(repo.root, tmp_path / "work", *steps, project="shop")
    assert list(sources.refs) == ["feature"]


def test_a_ref_without_a_repository_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    with pytest.raises(UsageError, match="in no git repository"):
        found(tmp_path, tmp_path / "work", project="shop", ref="main")


def test_a_project_that_is_not_there_is_refused_by_its_key(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"django.project: .*nope"):
        found(tmp_path, tmp_path / "work", project="nope")


def test_a_dump_that_is_not_there_is_found_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    with pytest.raises(CannotTell, match=r"prod\.dump"):
        found(tmp_path, tmp_path / "work", Step(restore=Restore(dump="prod.dump")), project="shop")


SCHEMA = Dump(Path("schema.dump"), "custom", relations=9)
HISTORY = Dump(Path("history.dump"), "custom", tables=2, filled=frozenset({"django_migrations", "auth_permission"}))
ALL = Dump(Path("prod.dump"), "custom", relations=9, tables=9, filled=frozenset({"django_migrations", "shop_order"}))


@pytest.mark.parametrize(
    ("dumps", "expected"),
    [
        ((SCHEMA, HISTORY), True),
        ((SCHEMA,), False),
        ((ALL,), False),
        ((SCHEMA, HISTORY, Dump(Path("more.dump"), "custom", tables=1, filled=frozenset({"shop_order"}))), False),
        ((SCHEMA, HISTORY, Dump(Path("inserts.sql"), "plain", filled=None)), False),
        ((Dump(Path("small.sql"), "plain", relations=1, tables=1, filled=frozenset({"django_migrations"})),), False),
    ],
)
def test_a_schema_and_a_history_are_the_tier_schema_by_themselves(dumps: tuple[Dump, ...], expected: bool) -> None:
    named = {Restore(dump=str(dump.path)): dump for dump in dumps}
    assert without_rows(Sources(code=None, refs={}, dumps=named, scripts={})) is expected  # type: ignore[arg-type]
