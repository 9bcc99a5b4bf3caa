"""Git, read only: which code a folder holds, and throwaway trees of other refs.

A throwaway tree borrows the objects of the user's repository (``objects/info/alternates``) and has refs, index and
configuration of its own, so nothing is written into the user's repository: no worktree entry that a killed run
would leave there, no fetched object, not even a refreshed index.
"""

from __future__ import annotations

import difflib
import shutil
from dataclasses import dataclass
from pathlib import Path

from simulator.errors import CannotTell, UsageError
from simulator.model import ProjectVersion
from simulator.sources.git_command import git, line_of, reason

_LFS_HEADER = b"version https://git-lfs.github.com/spec/v1"


@dataclass(frozen=True)
class Merged:
    """What came of merging: the tree's commit, or the ref that met conflicts and the files they are in."""

    commit: str
    conflicts: tuple[str, ...] = ()
    ref: str | None = None


def toplevel(folder: Path) -> Path | None:
    """The root of the working tree that ``folder`` is in; None outside of one, in a bare one, without git.

    A folder that the repository ignores (a package in its .venv) is in none.
    """
    if shutil.which("git") is None:
        return None
    root = line_of(git(folder, "rev-parse", "--show-toplevel"))
    if root is None or git(folder, "check-ignore", "--quiet", str(folder.resolve())).code == 0:
        return None
    return Path(root)


def describe(folder: Path) -> ProjectVersion:
    """Branch (None where HEAD is detached), commit, and whether anything differs from it, untracked files too.

    All None where there is no repository, or one that git does not let us read.
    """
    if toplevel(folder) is None:
        return ProjectVersion()
    return ProjectVersion(
        ref=line_of(git(folder, "symbolic-ref", "--quiet", "--short", "HEAD")),
        commit=line_of(git(folder, "rev-parse", "--verify", "--quiet", "HEAD")),
        dirty=bool(git(folder, "status", "--porcelain").stdout),
    )


def resolve(repository: Path, ref: str) -> str:
    """The commit that ``ref`` names: a branch, tag, SHA, ``origin/x``, or the ``x`` that just one remote has.

    Raises UsageError naming the nearest refs, CannotTell where git does not let us read the repository.
    """
    if ref.startswith("-"):
        raise UsageError(f"{ref!r} is no git ref: it starts with '-'", f"git -C {repository} branch --all")
    commit = _commit(repository, f"refs/heads/{ref}") or _commit(repository, ref) or _remote_commit(repository, ref)
    if commit is None:
        raise _unknown_ref(repository, ref)
    return commit


def checkout(repository: Path, ref: str, into: Path) -> str:
    """Make ``into`` a throwaway tree of ``ref``, submodules included; return its commit."""
    commit = resolve(repository, ref)
    _borrow(repository, commit, into)
    _fill_submodules(repository, into)
    return commit


def merge(repository: Path, base: str | None, refs: tuple[str, ...], into: Path) -> Merged:
    """Make ``into`` a throwaway tree of ``base`` (None: HEAD) and merge ``refs`` into it, one after the other.

    Stops at the first conflict, which is a value. Raises CannotTell where git can't even try.
    """
    commits = {ref: resolve(repository, ref) for ref in refs}
    _borrow(repository, resolve(repository, base or "HEAD"), into)
    for ref, commit in commits.items():
        conflicts = _merge_one(into, ref, commit)
        if conflicts:
            return Merged(_head(into), conflicts, ref)
    _fill_submodules(repository, into)
    return Merged(_head(into))


def clone_bundle(bundle: Path, into: Path) -> str:
    """Clone a ``git bundle`` file, with its HEAD checked out; return that commit. Every branch of it is local."""
    if not bundle.is_file():
        raise UsageError(f"{bundle} does not exist", "name a file that `git bundle create` wrote")
    done = git(None, "clone", "--quiet", "--", str(bundle.resolve()), str(into))
    if done.code:
        raise CannotTell(f"{bundle} can't be cloned: {reason(done)}", f"git bundle verify {bundle}")
    head = _commit(into, "HEAD")
    if head is None:
        raise CannotTell(f"{bundle} names no HEAD to check out", f"git bundle create {bundle} HEAD --all")
    git(into, "fetch", "--quiet", "--update-head-ok", "origin", "refs/heads/*:refs/heads/*")
    return head


def lfs_pointers(tree: Path) -> tuple[str, ...]:
    """Files of a throwaway tree that are only pointers into Git LFS; what reads them gets the pointer's text."""
    if not git(tree, "grep", "-l", "-I", "filter=lfs", "--", ".gitattributes", "*/.gitattributes").stdout:
        return ()
    listed = git(tree, "ls-files", "-z").stdout.split("\0")
    return tuple(name for name in listed if name and _is_pointer(tree / name))


def _is_pointer(path: Path) -> bool:
    if not path.is_file() or path.is_symlink():
        return False
    with path.open("rb") as file:
        return file.read(len(_LFS_HEADER)) == _LFS_HEADER


def _merge_one(tree: Path, ref: str, commit: str) -> tuple[str, ...]:
    options = ("--quiet", "--no-edit", "--ff", "--no-squash", "--commit", "--no-autostash", "-m", f"Merge {ref}")
    done = git(tree, "merge", *options, commit)
    if not done.code:
        return ()
    listed = git(tree, "diff", "--name-only", "--diff-filter=U", "-z").stdout.split("\0")
    conflicts = tuple(sorted(name for name in listed if name))
    if not conflicts:
        raise CannotTell(f"{ref!r} can't be merged: {reason(done)}", "git fetch --unshallow")
    return conflicts


def _borrow(repository: Path, commit: str, into: Path) -> None:
    """A repository of its own in ``into``, reading the objects of ``repository``; ``commit`` is checked out."""
    hash_name = line_of(git(repository, "rev-parse", "--show-object-format")) or "sha1"
    done = git(None, "init", "--quiet", "--template=", f"--object-format={hash_name}", str(into))
    if done.code:
        raise CannotTell(f"git can't make a tree in {into}: {reason(done)}", "migsim doctor")
    inside = into / ".git"
    (inside / "objects" / "info").mkdir(exist_ok=True)
    (inside / "objects" / "info" / "alternates").write_text(f"{_git_path(repository, 'objects')}\n")
    shallow = _git_path(repository, "shallow")
    if shallow.exists():
        (inside / "shallow").write_bytes(shallow.read_bytes())
    done = git(into, "checkout", "--quiet", "--force", "--detach", commit)
    if done.code:
        raise CannotTell(
            f"{commit[:12]} of {repository} can't be checked out: {reason(done)}", f"git -C {repository} fsck"
        )


def _fill_submodules(repository: Path, tree: Path) -> None:
    """Each submodule at the commit that the tree names, out of what the user's repository has of it."""
    for path, commit in _gitlinks(tree):
        source = _submodule_source(repository, tree, path)
        if source is None or _commit(source, commit) is None:
            raise CannotTell(
                f"the submodule {path} needs its commit {commit[:12]}, which is not on this machine",
                f"git -C {repository} submodule update --init {path}, with that ref checked out",
            )
        _borrow(source, commit, tree / path)
        _fill_submodules(source, tree / path)


def _gitlinks(tree: Path) -> list[tuple[str, str]]:
    """(path, commit) of each submodule in the tree's index; mode 160000 is git's for them."""
    links = []
    for entry in git(tree, "ls-files", "--stage", "-z").stdout.split("\0"):
        facts, _, path = entry.partition("\t")
        if facts.startswith("160000 "):
            links.append((path, facts.split()[1]))
    return links


def _submodule_source(repository: Path, tree: Path, path: str) -> Path | None:
    """Where the user's repository keeps that submodule: modules/<name>, or (old style) the working tree itself."""
    named = git(tree, "config", "--file", ".gitmodules", "--get-regexp", r"^submodule\..*\.path$").stdout
    names = [key[len("submodule.") : -len(".path")] for key, _, at in _pairs(named) if at == path]
    root = toplevel(repository)
    places = [_git_path(repository, f"modules/{name}") for name in names]
    places += [root / path] if root and (root / path / ".git").exists() else []
    return next((place for place in places if place.is_dir()), None)


def _pairs(text: str) -> list[tuple[str, str, str]]:
    return [line.partition(" ") for line in text.splitlines()]


def _commit(repository: Path, ref: str) -> str | None:
    return line_of(git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"))


def _remote_commit(repository: Path, ref: str) -> str | None:
    """As `git checkout` guesses: the branch of that name that exactly one remote has. A clone has only these."""
    remotes = git(repository, "remote").stdout.split()
    found = {_commit(repository, f"refs/remotes/{remote}/{ref}") for remote in remotes} - {None}
    return found.pop() if len(found) == 1 else None


def _unknown_ref(repository: Path, ref: str) -> UsageError | CannotTell:
    known = git(repository, "for-each-ref", "--format=%(refname:short)")
    if known.code:
        return CannotTell(
            f"git can't read {repository}: {reason(known)}", f"git -C {repository} status (git names what to do)"
        )
    near = difflib.get_close_matches(ref, known.stdout.split(), n=3, cutoff=0.5)
    nearest = f"; nearest: {', '.join(near)}" if near else ""
    return UsageError(f"{repository} has no git ref {ref!r}{nearest}", _how_to_get(repository))


def _how_to_get(repository: Path) -> str:
    if _git_path(repository, "shallow").exists():
        return f"git -C {repository} fetch --unshallow --tags origin '+refs/heads/*:refs/remotes/origin/*'"
    if git(repository, "remote").stdout:
        return f"git -C {repository} fetch --all --tags"
    return f"git -C {repository} branch --all"


def _head(tree: Path) -> str:
    commit = _commit(tree, "HEAD")
    assert commit is not None  # _borrow has checked one out
    return commit


def _git_path(repository: Path, name: str) -> Path:
    line = line_of(git(repository, "rev-parse", "--path-format=absolute", "--git-path", name))
    return Path(line) if line else repository / ".git" / name
