"""Branches: a ref, a merge, another branch's migrations as the baseline. The repository stays as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import blog
from tests.support.command import Command
from tests.support.probing import migration
from tests.support.repository import Repository


@pytest.fixture
def repository(migsim: Command) -> Iterator[Repository]:
    """``main`` is checked out, with a file that is not committed.

    feature/tags makes main's table by a migration of another number; feature/index adds a second leaf to main's
    history; feature/title and feature/text change the same line.
    """
    made = Repository(migsim.folder)
    made.git("init", "--quiet", "--initial-branch=main")
    made.commit("main")
    made.git("switch", "--quiet", "--create", "feature/tags")
    made.git("mv", "blog/migrations/0002_tag.py", "blog/migrations/0009_tag.py")
    made.commit("tags")
    leaf = {"blog/migrations/0002_index.py": migration("", "blog.0001_initial")}
    _branch(made, "feature/index", leaf)
    _branch(made, "feature/title", {"blog/models.py": blog.MODELS.replace("100", "120")})
    _branch(made, "feature/text", {"blog/models.py": blog.MODELS.replace("100", "150")})
    made.git("switch", "--quiet", "main")
    (made.root / "notes.txt").write_text("not committed")
    before = made.fingerprint()
    yield made
    after = made.fingerprint()
    assert {name: after.get(name) for name in before} == {**before, "scenarios/case.yaml": after["scenarios/case.yaml"]}


def _branch(repository: Repository, name: str, files: dict[str, str]) -> None:
    repository.git("switch", "--quiet", "--create", name, "main")
    for path, text in files.items():
        (repository.root / path).write_text(text)
    repository.commit(name)


def test_a_ref_is_rehearsed_from_a_tree_of_its_own(migsim: Command, repository: Repository) -> None:
    blog.scenario(migsim.folder, django={"ref": "feature/tags"})
    report = migsim.rehearse()
    assert (report["verdict"], report["history"]["pending"]) == ("safe", ["blog.0009_tag"])
    commit = repository.git("rev-parse", "feature/tags")
    assert report["project"] == {"ref": "feature/tags", "commit": commit, "dirty": False, "settings": "settings"}


def test_the_working_tree_is_rehearsed_as_it_is(migsim: Command, repository: Repository) -> None:
    project = migsim.rehearse()["project"]
    assert (project["commit"], project["dirty"]) == (repository.git("rev-parse", "main"), True)


def test_a_database_that_another_branch_migrated(migsim: Command, repository: Repository) -> None:
    blog.scenario(migsim.folder, baseline=[{"restore": "prod.dump"}, {"migrate": {"ref": "feature/tags"}}])
    report = migsim.rehearse()
    assert (report["verdict"], report["failure"]["relation"]) == ("would-fail", "blog_tag")
    assert report["history"]["not_on_disk"] == ["blog.0009_tag"]
    assert report["history"]["renamed"] == {"blog.0009_tag": "blog.0002_tag"}


def test_a_branch_whose_own_migrations_fail_makes_no_baseline(migsim: Command, repository: Repository) -> None:
    (migsim.folder / "tag.sql").write_text("CREATE TABLE blog_tag (id integer);")
    steps = [{"restore": "prod.dump"}, {"sql": "tag.sql"}, {"migrate": "feature/tags"}]
    blog.scenario(migsim.folder, baseline=steps)
    done = migsim.run("--format", "json")
    message, _hint = done.complaint
    assert (done.code, done.report["verdict"]) == (3, "unknown")
    for name in ("feature/tags", "blog.0009_tag", "42P07", "blog_tag"):
        assert name in message


def test_merged_branches_are_rehearsed_together(migsim: Command, repository: Repository) -> None:
    blog.scenario(migsim.folder, django={"merge": "feature/index"})
    report = migsim.rehearse()
    assert (report["verdict"], report["failure"]["phase"]) == ("would-fail", "plan")  # two leaves
    for name in ("0002_tag", "0002_index"):
        assert name in report["failure"]["message"]
    assert report["project"]["ref"] == "HEAD + feature/index"


def test_branches_that_do_not_merge_are_unknown_with_the_files_named(migsim: Command, repository: Repository) -> None:
    blog.scenario(migsim.folder, django={"ref": "feature/title", "merge": ["feature/text"]})
    report = migsim.rehearse()
    assert (report["verdict"], report["exit_code"]) == ("unknown", 3)
    for name in ("feature/text", "blog/models.py"):
        assert name in report["because"]
        assert name in report["findings"][0]["message"]
