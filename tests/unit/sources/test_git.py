"""Which code a folder holds, and throwaway trees, with real git and a repository that must stay as it was."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.errors import CannotTell, UsageError
from simulator.model import ProjectVersion
from simulator.sources import git
from tests.support import repository
from tests.support.repository import Repository


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[Repository]:
    """A user's repository in the middle of work: two branches, a tag, a stash, staged and untracked files.

    After the test every file of it, git's own included, must be what it was.
    """
    repo = repository.new(tmp_path / "theirs")
    repo.commit("first", manage_py="# 1\n", app__models="one\n")
    repo.git("tag", "-a", "v1", "-m", "v1")
    repo.git("branch", "topic")
    repo.git("checkout", "--quiet", "-b", "feature/old")
    repo.commit("old", app__old="old\n", app__models="one of old\n")
    repo.git("checkout", "--quiet", "main")
    repo.commit("second", app__models="two\n", app__second="2\n")
    repo.write(manage_py="# stashed\n")
    repo.git("stash", "--quiet")
    repo.write(manage_py="# staged\n")
    repo.git("add", "manage_py")
    repo.write(app__models="in the middle of work\n", untracked="mine\n")
    before = repo.fingerprint()
    yield repo
    assert repo.fingerprint() == before


def test_describe_names_branch_commit_and_unfinished_work(theirs: Repository) -> None:
    commit = subprocess.check_output(["git", "rev-parse", "main"], cwd=theirs.root, text=True).strip()
    assert git.describe(theirs.root / "app") == ProjectVersion("main", commit, dirty=True)


def test_describe_a_clean_detached_head(tmp_path: Path) -> None:
    repo = repository.new(tmp_path)
    commit = repo.commit("first", a="a")
    repo.git("checkout", "--quiet", "--detach")
    assert git.describe(tmp_path) == ProjectVersion(None, commit, dirty=False)


def test_describe_before_the_first_commit(tmp_path: Path) -> None:
    repository.new(tmp_path)
    assert git.describe(tmp_path) == ProjectVersion("main", None, dirty=False)


def test_outside_of_a_repository_nothing_is_known(tmp_path: Path) -> None:
    assert git.describe(tmp_path) == ProjectVersion()
    assert git.toplevel(tmp_path) is None


def test_what_a_repository_ignores_is_not_its_code(tmp_path: Path) -> None:
    repo = repository.new(tmp_path)
    repo.commit("first", ignored__tracked="tracked all the same\n")
    repo.write(venv__lib__package="installed\n", app__models="new\n")
    (tmp_path / ".gitignore").write_text("venv/\nignored/\n")
    assert git.toplevel(tmp_path / "venv" / "lib") is None
    assert [git.toplevel(tmp_path / name) for name in ("", "app", "ignored")] == [tmp_path] * 3


def test_a_hook_that_started_us_does_not_point_us_elsewhere(
    theirs: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(theirs.root / ".git"))
    assert git.describe(tmp_path) == ProjectVersion()


@pytest.mark.parametrize("ref", ["feature/old", "refs/heads/feature/old", "feature/old~0"])
def test_checkout_makes_a_tree_of_that_ref_only(theirs: Repository, tmp_path: Path, ref: str) -> None:
    commit = git.checkout(theirs.root, ref, tmp_path / "tree")
    assert git.describe(tmp_path / "tree") == ProjectVersion(None, commit, dirty=False)
    assert (tmp_path / "tree" / "app" / "models").read_text() == "one of old\n"
    assert not (tmp_path / "tree" / "untracked").exists()


def test_checkout_of_an_annotated_tag_gives_its_commit(theirs: Repository, tmp_path: Path) -> None:
    commit = git.checkout(theirs.root, "v1", tmp_path / "tree")
    assert commit == git.resolve(theirs.root, "topic")


def test_a_branch_wins_over_a_tag_of_its_name(tmp_path: Path) -> None:
    repo = repository.new(tmp_path / "repo")
    repo.commit("first", a="1")
    repo.git("tag", "main")
    second = repo.commit("second", a="2")
    assert git.resolve(repo.root, "main") == second


def test_checkout_runs_no_hook(tmp_path: Path) -> None:
    repo = repository.new(tmp_path / "repo")
    repo.commit("first", a="1")
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (hooks / "post-checkout").chmod(0o755)
    repo.git("config", "core.hooksPath", str(hooks))
    git.checkout(repo.root, "main", tmp_path / "tree")
    assert not (tmp_path / "ran").exists()


def test_a_clone_that_has_the_branch_only_at_its_remote(theirs: Repository, tmp_path: Path) -> None:
    clone = _clone(theirs, tmp_path / "clone")
    expected = git.resolve(theirs.root, "feature/old")
    assert git.resolve(clone, "feature/old") == expected
    assert git.checkout(clone, "origin/feature/old", tmp_path / "tree") == expected


def test_bare_repositories_and_linked_worktrees_are_repositories_too(theirs: Repository, tmp_path: Path) -> None:
    bare = _clone(theirs, tmp_path / "bare.git", "--bare")
    git.checkout(bare, "topic", tmp_path / "from-bare")
    Repository(bare).git("worktree", "add", "--quiet", str(tmp_path / "linked"), "topic")
    git.checkout(tmp_path / "linked", "HEAD", tmp_path / "from-linked")
    assert (tmp_path / "from-bare" / "app" / "models").read_text() == "one\n"
    assert (tmp_path / "from-linked" / "app" / "models").read_text() == "one\n"


def test_a_shallow_clone_checks_out_what_it_has_and_says_how_to_get_more(theirs: Repository, tmp_path: Path) -> None:
    clone = _clone(theirs, tmp_path / "shallow", "--depth=1", "--single-branch", "--no-tags")
    git.checkout(clone, "main", tmp_path / "tree")
    assert (tmp_path / "tree" / "app" / "second").exists()
    with pytest.raises(UsageError, match="has no git ref 'feature/old'") as caught:
        git.resolve(clone, "feature/old")
    assert "fetch --unshallow" in caught.value.hint


def test_an_unknown_ref_names_the_nearest(theirs: Repository) -> None:
    with pytest.raises(UsageError, match=r"no git ref 'feature/odl'; nearest: feature/old"):
        git.resolve(theirs.root, "feature/odl")


def test_an_unknown_ref_of_a_clone_says_how_to_fetch(theirs: Repository, tmp_path: Path) -> None:
    clone = _clone(theirs, tmp_path / "clone")
    with pytest.raises(UsageError) as caught:
        git.resolve(clone, "pushed-a-minute-ago")
    assert caught.value.hint == f"git -C {clone} fetch --all --tags"


@pytest.mark.parametrize("ref", ["-f", "--upload-pack=touch", "", "main..topic", "no\nsuch"])
def test_what_is_no_ref_is_refused(theirs: Repository, ref: str) -> None:
    with pytest.raises(UsageError):
        git.resolve(theirs.root, ref)


def test_a_ref_of_no_repository(tmp_path: Path) -> None:
    with pytest.raises(CannotTell, match="not a git repository"):
        git.checkout(tmp_path, "main", tmp_path / "tree")


def test_merge_on_top_of_head_leaves_unfinished_work_out(theirs: Repository, tmp_path: Path) -> None:
    repo = Repository(_clone(theirs, tmp_path / "clone"))
    repo.git("checkout", "--quiet", "-b", "apart", "origin/topic")
    repo.commit("apart", app__apart="apart\n")
    merged = git.merge(repo.root, None, ("origin/main",), tmp_path / "tree")
    assert merged.conflicts == ()
    assert {path.name for path in (tmp_path / "tree" / "app").iterdir()} == {"apart", "models", "second"}
    assert git.merge(repo.root, None, ("origin/main",), tmp_path / "again") == merged


def test_a_merge_conflict_is_a_value_that_lists_the_files(theirs: Repository, tmp_path: Path) -> None:
    merged = git.merge(theirs.root, "main", ("topic", "feature/old"), tmp_path / "tree")
    assert merged.conflicts == ("app/models",)
    assert merged.ref == "feature/old"
    assert merged.commit == git.resolve(theirs.root, "main")


def test_unrelated_histories_cannot_be_merged(theirs: Repository, tmp_path: Path) -> None:
    repo = Repository(_clone(theirs, tmp_path / "clone"))
    repo.git("checkout", "--quiet", "--orphan", "elsewhere")
    repo.commit("elsewhere", b="b")
    with pytest.raises(CannotTell, match="unrelated histories"):
        git.merge(repo.root, "main", ("elsewhere",), tmp_path / "tree")


def test_submodules_come_at_the_commit_that_the_ref_names(tmp_path: Path) -> None:
    repo = _with_submodule(tmp_path)
    git.checkout(repo.root, "main", tmp_path / "tree")
    assert (tmp_path / "tree" / "libs" / "shared" / "lib_py").read_text() == "shared = 1\n"
    assert git.describe(tmp_path / "tree").dirty is False


def test_a_submodule_whose_commit_is_not_here_is_named(tmp_path: Path) -> None:
    repo = _with_submodule(tmp_path)
    fresh = _clone(repo, tmp_path / "fresh")
    with pytest.raises(CannotTell, match="the submodule libs/shared needs its commit") as caught:
        git.checkout(fresh, "main", tmp_path / "tree")
    assert "submodule update --init libs/shared" in caught.value.hint


def test_large_files_stay_pointers_and_are_listed(tmp_path: Path) -> None:
    repo = repository.new(tmp_path / "repo")
    (repo.root / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    (repo.root / "big.bin").write_text(
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"
    )
    repo.commit("large", small="small\n")
    git.checkout(repo.root, "main", tmp_path / "tree")
    assert git.lfs_pointers(tmp_path / "tree") == ("big.bin",)


def test_without_large_files_nothing_is_listed(theirs: Repository, tmp_path: Path) -> None:
    git.checkout(theirs.root, "main", tmp_path / "tree")
    assert git.lfs_pointers(tmp_path / "tree") == ()


def test_a_bundle_is_cloned_with_all_of_its_branches(theirs: Repository, tmp_path: Path) -> None:
    bundle = _bundle(theirs, tmp_path, "HEAD", "--all")
    head = git.clone_bundle(bundle, tmp_path / "clone")
    assert git.describe(tmp_path / "clone") == ProjectVersion("main", head, dirty=False)
    assert git.resolve(tmp_path / "clone", "feature/old") == git.resolve(theirs.root, "feature/old")


def test_a_bundle_without_a_head_says_how_to_make_one(theirs: Repository, tmp_path: Path) -> None:
    bundle = _bundle(theirs, tmp_path, "topic")
    with pytest.raises(CannotTell, match="names no HEAD") as caught:
        git.clone_bundle(bundle, tmp_path / "clone")
    assert caught.value.hint == f"git bundle create {bundle} HEAD --all"


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "not.bundle").write_text("a text\n")
    with pytest.raises(CannotTell, match=r"not\.bundle can't be cloned"):
        git.clone_bundle(tmp_path / "not.bundle", tmp_path / "clone")
    with pytest.raises(UsageError, match="does not exist"):
        git.clone_bundle(tmp_path / "absent.bundle", tmp_path / "clone")


def _clone(source: Repository, into: Path, *options: str) -> Path:
    source.git("clone", "--quiet", *options, f"file://{source.root}", str(into))
    return into


def _bundle(source: Repository, folder: Path, *refs: str) -> Path:
    source.git("bundle", "create", "--quiet", str(folder / "their.bundle"), *refs)
    return folder / "their.bundle"


def _with_submodule(tmp_path: Path) -> Repository:
    """A repository with a submodule whose first commit is in use, though the submodule went on."""
    library = repository.new(tmp_path / "library")
    library.commit("first", lib_py="shared = 1\n")
    repo = repository.new(tmp_path / "repo")
    repo.git("submodule", "--quiet", "add", f"file://{library.root}", "libs/shared")
    repo.commit("with a submodule", manage_py="#\n")
    Repository(repo.root / "libs" / "shared").commit("second", lib_py="shared = 2\n")
    return repo
