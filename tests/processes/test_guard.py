"""``migsim guard`` in real repositories: what it compares, how git is, and that nothing of the user's changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simulator.sources.git_merge import Merged, borrowing, open_repository
from tests.support import files, report_schema, repository
from tests.support.guarded import migration, model
from tests.support.repository import Repository

FIRST, TAG = "blog/migrations/0001_initial.py", "blog/migrations/0002_tag.py"
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "guard.schema.json").read_text())
OURS, SLUG = "blog/migrations/0002_ours.py", "blog/migrations/0003_slug.py"
CI = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "GITHUB_ACTIONS")


@pytest.fixture
def blog(tmp_path: Path) -> Repository:
    """main has blog.0001 and 0002, feature (checked out) another 0002 beside it. It must stay as it is."""
    repo = repository.new(tmp_path / "blog")
    start = {
        "manage.py": "",
        FIRST: migration(operations=model("Post")),
        "blog/migrations/__init__.py": "",
        "blog/models.py": "one\n",
    }
    files.write(repo.root, start)
    repo.commit("start")
    repo.git("checkout", "--quiet", "-b", "feature")
    files.write(repo.root, {OURS: migration("blog.0001_initial")})
    repo.commit("ours")
    repo.git("checkout", "--quiet", "main")
    files.write(repo.root, {TAG: migration("blog.0001_initial", operations=model("Tag"))})
    repo.commit("tag")
    repo.git("checkout", "--quiet", "feature")
    return repo


def guard(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    ours = {name: value for name, value in os.environ.items() if name not in CI}
    command = [sys.executable, "-m", "simulator", "guard", *arguments]
    return subprocess.run(command, cwd=folder, env={**ours, **environment}, capture_output=True, text=True, check=False)


def asked(folder: Path, *arguments: str, **environment: str) -> dict[str, Any]:
    done = guard(folder, "--format", "json", *arguments, **environment)
    found: dict[str, Any] = json.loads(done.stdout or "null") or pytest.fail(done.stderr)
    assert found["exit_code"] == done.returncode
    assert report_schema.problems(found, SCHEMA) == []
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [one["id"] for one in found["problems"]]


BOTH = ["two-leaves", "duplicate-number"]


def test_what_merging_into_the_base_would_do(blog: Repository) -> None:
    before = blog.fingerprint()
    found = asked(blog.root, "--base", "main")
    assert ids(found) == BOTH
    assert found["base"] == {"ref": "main", "commit": blog.git("rev-parse", "main")}
    assert found["problems"][0]["files"] == [{"path": OURS, "line": 5}]
    assert asked(blog.root, "--base", "main", "--head", "main")["problems"] == []
    assert blog.fingerprint() == before


def test_in_words_and_as_annotations(blog: Repository) -> None:
    text = guard(blog.root, "--base", "main")
    assert text.returncode == 1
    assert text.stdout.startswith("2 PROBLEMS  merging into main (")
    assert "hint: python manage.py makemigrations --merge blog" in text.stdout
    lines = guard(blog.root, "--base", "main", "--format", "github").stdout.splitlines()
    assert lines[0].startswith(f"::error file={OURS},line=5,title=migsim two-leaves::blog would end in 2 leaves")
    assert "%0Ahint: " in lines[0]


def test_what_is_meant_is_ignored_and_said(blog: Repository) -> None:
    found = asked(blog.root, "--base", "main", "--ignore", "two-leaves", "--ignore", "duplicate-number:blog.0002_ours")
    assert (found["exit_code"], [one["id"] for one in found["ignored"]]) == (0, BOTH)
    refused = guard(blog.root, "--ignore", "two-leafs")
    assert (refused.returncode, "hint: one of: migration-deleted" in refused.stderr) == (2, True)


# --- what is compared -----------------------------------------------------------------------------


def test_the_index_over_head_is_what_counts(blog: Repository) -> None:
    files.write(blog.root, {"blog/migrations/0003_merge.py": migration("blog.0002_ours", "blog.0002_tag")})
    assert ids(asked(blog.root, "--base", "main")) == BOTH  # it is not added yet
    blog.git("add", "--all")
    before = blog.fingerprint()
    assert ids(asked(blog.root, "--base", "main")) == []
    assert ids(asked(blog.root, "--base", "main", "--head", "HEAD")) == BOTH
    assert blog.fingerprint() == before


def test_a_hook_of_a_partial_commit_is_asked_for_what_it_commits(blog: Repository) -> None:
    """git commit -- FILE has an index of its own, and names it to its hooks."""
    files.write(blog.root, {"blog/migrations/0003_merge.py": migration("blog.0002_ours", "blog.0002_tag")})
    blog.git("add", "--all")
    index = blog.root / ".git" / "next-index-1.lock"
    index.write_bytes((blog.root / ".git" / "index").read_bytes())
    blog.git("reset", "--quiet")
    assert ids(asked(blog.root, "--base", "main")) == BOTH
    assert ids(asked(blog.root, "--base", "main", GIT_INDEX_FILE=".git/next-index-1.lock")) == []
    assert ids(asked(blog.root, "--base", "main", GIT_INDEX_FILE="/elsewhere/index")) == BOTH


def test_what_the_base_changed_since_is_no_problem_of_the_branchs(blog: Repository) -> None:
    blog.git("checkout", "--quiet", "main")
    files.write(blog.root, {FIRST: migration(operations=model("Article")), "shop/migrations/0001_x.py": migration()})
    blog.git("rm", "--quiet", TAG)
    blog.commit("rewritten")
    blog.git("checkout", "--quiet", "feature")
    assert asked(blog.root, "--base", "main")["problems"] == []


def test_a_branch_that_edits_and_deletes(blog: Repository) -> None:
    blog.git("checkout", "--quiet", "-b", "worse", "main")
    files.write(blog.root, {FIRST: migration(operations=model("Article"))})
    blog.git("rm", "--quiet", TAG)
    blog.git("add", "--all")
    found = asked(blog.root, "--base", "main")
    assert ids(found) == ["migration-deleted", "migration-edited-after-base"]
    assert [one["migrations"] for one in found["problems"]] == [["blog.0002_tag"], ["blog.0001_initial"]]


def test_a_conflict_in_a_migration_leaves_the_branchs_own_changes(blog: Repository) -> None:
    files.write(blog.root, {TAG: migration("blog.0001_initial")})
    blog.git("rm", "--quiet", OURS)
    blog.commit("another tag")
    found = asked(blog.root, "--base", "main")
    assert (found["problems"], found["exit_code"]) == ([], 3)
    assert found["not_checked"] == [
        f"git stops in migration files ({TAG}), so: two-leaves, duplicate-number, table-created-twice, missing-parent"
    ]
    files.write(blog.root, {FIRST: migration()})
    blog.git("add", "--all")
    assert ids(asked(blog.root, "--base", "main")) == ["migration-edited-after-base"]


def test_a_conflict_elsewhere_is_gits_matter(blog: Repository) -> None:
    files.write(blog.root, {"blog/models.py": "ours\n"})
    blog.commit("models")
    blog.git("checkout", "--quiet", "main")
    files.write(blog.root, {"blog/models.py": "theirs\n"})
    blog.commit("models")
    blog.git("checkout", "--quiet", "feature")
    assert ids(asked(blog.root, "--base", "main")) == BOTH


def test_max_migration_where_git_stops(blog: Repository) -> None:
    for branch, leaf in (("feature", "0002_ours"), ("main", "0002_tag")):
        blog.git("checkout", "--quiet", branch)
        files.write(blog.root, {"blog/migrations/max_migration.txt": f"{leaf}\n"})
        blog.commit("leaf")
    blog.git("checkout", "--quiet", "feature")
    assert ids(asked(blog.root, "--base", "main")) == [*BOTH, "max-migration-conflict"]


def test_only_the_projects_that_are_named(blog: Repository) -> None:
    files.write(blog.root, {"other/manage.py": "", "other/shop/migrations/0001_initial.py": migration()})
    blog.git("add", "--all")
    assert ids(asked(blog.root, "--base", "main", "--project", "other")) == []
    assert ids(asked(blog.root / "other", "--base", "main", "--project", "..")) == BOTH
    assert guard(blog.root, "--project", "/elsewhere").returncode == 2


# --- which base -----------------------------------------------------------------------------------


def cloned(blog: Repository, *options: str) -> Repository:
    blog.git("checkout", "--quiet", "main")  # the remote's HEAD
    copy = blog.root.with_name("clone")
    subprocess.run(
        ["git", "clone", "--quiet", "--branch", "feature", *options, blog.root.as_uri(), str(copy)], check=True
    )
    return Repository(copy)


def test_the_remotes_head_is_the_base_where_nobody_names_one(blog: Repository) -> None:
    copy = cloned(blog)
    found = asked(copy.root)
    assert (found["base"]["ref"], ids(found)) == ("origin/main", BOTH)
    text = guard(copy.root).stdout
    assert "merging into origin/main (" in text
    assert "origin's HEAD, fetched 0 min ago" in text


@pytest.mark.parametrize("variable", CI[:2])
def test_ci_names_the_base(blog: Repository, variable: str) -> None:
    blog.git("branch", "release/1", "feature")
    copy = cloned(blog)
    found = asked(copy.root, **{variable: "release/1"})
    assert (found["base"]["ref"], ids(found)) == ("origin/release/1", [])


def test_without_a_remote_the_branch_is_looked_at_alone(blog: Repository) -> None:
    found = asked(blog.root)
    assert (found["base"], found["problems"], found["exit_code"]) == (None, [], 0)
    assert found["not_checked"][0] == "there is no base: --base REF"


def test_a_detached_clone_of_one_commit_says_what_to_fetch(blog: Repository) -> None:
    copy = cloned(blog, "--depth", "1")
    copy.git("checkout", "--quiet", "--detach")
    found = asked(copy.root, GITHUB_BASE_REF="main", GITHUB_ACTIONS="true")
    assert (found["problems"], found["exit_code"]) == ([], 3)
    assert all(word in found["not_checked"][0] for word in ("the base main", "fetch-depth: 0", "GIT_DEPTH: 0"))
    named = guard(copy.root, "--base", "origin/main")
    assert (named.returncode, "fetch-depth: 0" in named.stderr) == (3, True)
    guessed = asked(copy.root)
    assert (guessed["exit_code"], guessed["problems"]) == (0, [])


def test_a_clone_too_shallow_for_a_merge_base(blog: Repository) -> None:
    copy = cloned(blog, "--depth", "1")
    copy.git("fetch", "--quiet", "--depth", "1", "origin", "main:refs/remotes/origin/main")
    named = guard(copy.root, "--base", "origin/main")
    assert named.returncode == 3
    assert "has no common commit with it here" in named.stderr
    assert "GIT_DEPTH: 0" in named.stderr
    guessed = asked(copy.root)
    assert guessed["exit_code"] == 0
    assert "origin/main" in guessed["not_checked"][0]


def test_a_merge_commit_that_ci_has_made(blog: Repository) -> None:
    """GitHub checks out the merge of the pull request, detached."""
    blog.git("checkout", "--quiet", "--detach", "main")
    blog.git("merge", "--quiet", "--no-edit", "feature")
    assert ids(asked(blog.root, "--base", "main")) == BOTH


# --- git as it is ---------------------------------------------------------------------------------


def test_outside_of_a_repository(tmp_path: Path) -> None:
    done = guard(tmp_path)
    assert (done.returncode, "is in no git repository" in done.stderr) == (2, True)


def test_before_the_first_commit(tmp_path: Path) -> None:
    repo = repository.new(tmp_path / "new")
    assert guard(repo.root).returncode == 2
    files.write(repo.root, {FIRST: migration()})
    repo.git("add", "--all")
    assert asked(repo.root)["problems"] == []


def test_in_a_worktree(blog: Repository) -> None:
    blog.git("worktree", "add", "--quiet", "../beside", "-b", "third", "feature")
    assert ids(asked(blog.root.with_name("beside"), "--base", "main")) == BOTH


def test_in_a_sparse_checkout(blog: Repository) -> None:
    files.write(blog.root, {"docs/index.md": "", "web/a.js": ""})
    blog.commit("docs")
    blog.git("sparse-checkout", "set", "--cone", "--sparse-index", "docs")
    assert not (blog.root / FIRST).exists()
    before = blog.fingerprint()
    assert ids(asked(blog.root, "--base", "main")) == BOTH
    assert blog.fingerprint() == before


def test_with_a_split_index(blog: Repository) -> None:
    blog.git("update-index", "--split-index")
    files.write(blog.root, {SLUG: migration("blog.0002_ours")})
    blog.git("add", "--all")
    before = blog.fingerprint()
    assert ids(asked(blog.root, "--base", "main")) == BOTH
    assert blog.fingerprint() == before


def test_a_submodule_is_not_looked_into(blog: Repository) -> None:
    other = repository.new(blog.root.with_name("other"))
    other.commit("one", a="1")
    blog.git("submodule", "--quiet", "add", str(other.root), "vendor")
    found = asked(blog.root, "--base", "main")
    assert "the submodule vendor" in found["not_checked"]
    assert ids(found) == BOTH


@pytest.mark.parametrize("quoted", ["true", "false"])
def test_odd_names(blog: Repository, quoted: str) -> None:
    blog.git("config", "core.quotePath", quoted)
    files.write(
        blog.root, {"größe/migrations/0001_initial.py": migration(), "größe/migrations/0001_x y.py": migration()}
    )
    blog.git("add", "--all")
    found = asked(blog.root, "--base", "main")
    leaves = next(one for one in found["problems"] if one["migrations"][0].startswith("größe"))
    assert [place["path"] for place in leaves["files"]] == [
        "größe/migrations/0001_initial.py",
        "größe/migrations/0001_x y.py",
    ]


def test_names_that_differ_in_case_alone(blog: Repository) -> None:
    blog.git("mv", OURS, "blog/migrations/0002_Ours.py")
    blog.commit("case")
    found = asked(blog.root, "--base", "feature~0", "--head", "HEAD")
    assert found["problems"] == []
    gone = asked(blog.root, "--base", "HEAD~1")
    assert [one["migrations"] for one in gone["problems"]] == [["blog.0002_ours"]]


def test_an_index_with_conflicts_is_said(blog: Repository) -> None:
    files.write(blog.root, {"blog/models.py": "ours\n"})
    blog.commit("models")
    blog.git("checkout", "--quiet", "main")
    files.write(blog.root, {"blog/models.py": "theirs\n"})
    blog.commit("models")
    with pytest.raises(subprocess.CalledProcessError):
        blog.git("merge", "--no-edit", "feature")
    done = guard(blog.root, "--base", "main")
    assert (done.returncode, "the index can't be read as a commit" in done.stderr) == (3, True)


def test_nothing_of_the_users_runs_and_no_identity_is_needed(blog: Repository, tmp_path: Path) -> None:
    """A merge driver, an external diff, a filter and hooks: each would leave a file."""
    ran = tmp_path / "ran"
    for key in ("merge.ours.driver", "diff.external", "filter.f.clean", "filter.f.smudge", "core.fsmonitor"):
        blog.git("config", key, f"touch {ran}; false")
    for name in ("post-checkout", "pre-commit", "pre-merge-commit", "post-index-change"):
        hook = blog.root / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {ran}\n")
        hook.chmod(0o755)
    (blog.root / ".git" / "info" / "attributes").write_text("* merge=ours filter=f\n")
    files.write(blog.root, {".gitattributes": "* merge=ours filter=f\n"})
    before = blog.fingerprint()
    environment = {"HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    assert ids(asked(blog.root, "--base", "main", **environment)) == BOTH
    assert not ran.exists()
    assert blog.fingerprint() == before


def test_a_git_that_merges_in_a_tree_only_comes_to_the_same(blog: Repository, tmp_path: Path) -> None:
    """Before 2.38 there is no merge-tree --write-tree."""
    files.write(blog.root, {"blog/models.py": "ours\n", "max.txt": "a\n"})
    blog.commit("models")
    blog.git("checkout", "--quiet", "main")
    files.write(blog.root, {"blog/models.py": "theirs\n", "blog/extra.py": ""})
    blog.commit("models")
    main, feature = blog.git("rev-parse", "main"), blog.git("rev-parse", "feature")
    before = blog.fingerprint()
    repo = open_repository(blog.root)
    with borrowing(repo, tmp_path / "one") as (throwaway, _):
        new, old = throwaway.merge(main, feature), throwaway.merge_in_tree(main, feature)
        assert new.conflicts == old.conflicts == ("blog/models.py",)
        listed = [set(throwaway.list_files(each.tree).files) for each in (new, old)]
        assert listed[0] == listed[1]
    with borrowing(repo, tmp_path / "two") as (throwaway, _):
        clean = throwaway.merge_in_tree(f"{main}~1", feature)
        assert clean == Merged(throwaway.merge(f"{main}~1", feature).tree)
    assert blog.fingerprint() == before


def test_it_imports_neither_docker_nor_a_driver(blog: Repository) -> None:
    script = (
        "import sys; from pathlib import Path; from simulator import cli; sys.argv = ['migsim', 'guard']; cli.main(); "
        "print(sorted({'docker', 'psycopg', 'jinja2', 'yaml', 'requests', 'django'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=blog.root, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
