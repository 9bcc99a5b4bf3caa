"""Which commit a branch is going to be merged into: what is asked for, what CI says, what the remote has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from simulator.errors import CannotTell, UsageError
from simulator.sources import git
from simulator.sources.git_command import git as run_git
from simulator.sources.git_command import line_of

# Where CI systems name the branch that a pull or merge request goes into.
CI_TARGETS = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
DEEPER = "fetch all of the history: fetch-depth: 0 (GitHub's checkout), GIT_DEPTH: 0 (GitLab), git fetch --unshallow"
_USUAL = ("main", "master")


@dataclass(frozen=True)
class Base:
    """A ref and its commit (None: it is not here). ``why``: who named it, in words."""

    ref: str
    commit: str | None
    why: str = ""
    asked: bool = False  # by name, on the command line
    guessed: bool = False  # nobody named it
    remote: bool = False  # it is what a remote had when it was last fetched


def find(repository: Path, asked: str, environ: Mapping[str, str]) -> Base | None:
    """None where nobody names one and there is no remote. Raises CannotTell for one that was asked for in vain."""
    if asked:
        commit = resolve(repository, asked)
        return Base(asked, commit, "", asked=True, remote=_is_remote(repository, asked))
    for variable in CI_TARGETS:
        if name := environ.get(variable):
            return _of_ci(repository, name, variable)
    return _guess(repository)


def resolve(repository: Path, ref: str) -> str:
    """The commit that a ref names. Raises CannotTell: what was asked for is not here."""
    try:
        return git.resolve(repository, ref)
    except UsageError as error:
        shallow = line_of(run_git(repository, "rev-parse", "--is-shallow-repository")) == "true"
        raise CannotTell(error.message, DEEPER if shallow else error.hint) from None


def _of_ci(repository: Path, name: str, variable: str) -> Base:
    remote = next((one for one in _remotes(repository) if _commit(repository, f"refs/remotes/{one}/{name}")), None)
    if remote:
        return Base(f"{remote}/{name}", _commit(repository, f"refs/remotes/{remote}/{name}"), variable, remote=True)
    return Base(name, _commit(repository, f"refs/heads/{name}"), variable)


def _guess(repository: Path) -> Base | None:
    for remote in _remotes(repository):
        head = line_of(run_git(repository, "symbolic-ref", "--quiet", f"refs/remotes/{remote}/HEAD"))
        if head:
            commit = _commit(repository, head)
            return Base(head.removeprefix("refs/remotes/"), commit, f"{remote}'s HEAD", guessed=True, remote=True)
        for name in _USUAL:
            if commit := _commit(repository, f"refs/remotes/{remote}/{name}"):
                return Base(f"{remote}/{name}", commit, "guessed", guessed=True, remote=True)
    return None


def _remotes(repository: Path) -> list[str]:
    """origin first."""
    names = run_git(repository, "remote").stdout.split()
    return sorted(names, key=lambda name: (name != "origin", name))


def _is_remote(repository: Path, ref: str) -> bool:
    full = line_of(run_git(repository, "rev-parse", "--symbolic-full-name", "--verify", "--quiet", ref))
    return (full or "").startswith("refs/remotes/")


def _commit(repository: Path, ref: str) -> str | None:
    return line_of(run_git(repository, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}"))
