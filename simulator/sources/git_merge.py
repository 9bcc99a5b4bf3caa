"""What merging two commits makes of the files, in a throwaway repository that borrows the user's objects.

It has no configuration, no hooks, no attributes and no working tree of the user's, so nothing of theirs runs (a merge
driver, a filter), and all that is written is written there: the user's repository stays as it is, byte for byte.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NoReturn

from simulator.errors import CannotTell, UsageError
from simulator.model import Outcome
from simulator.sources.git_command import environment, git, line_of, reason

_GITLINK = "160000"  # the mode of a submodule's entry
_BLOB_MODES = ("100644", "100755", "120000")
_USAGE = 129  # git's exit code for an option that it does not know
_NO_ATTRIBUTES = {"GIT_ATTR_NOSYSTEM": "1"}
# Where a repository keeps what; one line for each.
_PLACES = (
    *("--show-toplevel", "--git-path=objects", "--git-path=index", "--git-path=shallow"),
    *("--git-dir", "--git-common-dir"),
)


@dataclass(frozen=True)
class Repository:
    """The user's."""

    top: Path
    objects: Path
    index: Path
    shallow: Path
    git_dir: Path
    common: Path

    @property
    def is_shallow(self) -> bool:
        return self.shallow.exists()

    @cached_property
    def head(self) -> str | None:
        """The commit that is checked out; None before the first one."""
        return line_of(git(self.top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"))


@dataclass(frozen=True)
class Merged:
    """The tree that a merge makes, and the files in which git stops (they hold its marks, or one side's text)."""

    tree: str
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listing:
    """The files of a tree, and the commits of its submodules; both by path."""

    files: Mapping[str, str] = field(default_factory=dict)  # path -> blob
    submodules: Mapping[str, str] = field(default_factory=dict)


def open_repository(folder: Path) -> Repository:
    """The repository that ``folder`` is in. Raises UsageError where it is in none, CannotTell without git."""
    done = git(
        folder,
        "rev-parse",
        "--path-format=absolute",
        *(part for place in _PLACES for part in place.split("=")),
    )
    lines = done.stdout.splitlines()
    if done.code or len(lines) != len(_PLACES):
        raise UsageError(f"{folder} is in no git repository that has a working tree: {reason(done)}", "git status")
    return Repository(*map(Path, lines))


@dataclass(frozen=True)
class Throwaway:
    """A bare repository of our own that reads the user's objects and writes beside them."""

    folder: Path
    source: Repository

    def git(self, *arguments: str, extra: Mapping[str, str] | None = None) -> Outcome:
        return git(
            None,
            "-c",
            "core.attributesFile=/dev/null",
            f"--git-dir={self.folder}",
            *arguments,
            extra={**_NO_ATTRIBUTES, **(extra or {})},
        )

    def next_commit(self) -> str | None:
        """What the next commit would hold: the index over HEAD, as a commit of its own. None: there is nothing yet.

        Raises CannotTell where the index has conflicts.
        """
        index = _index(self.source)
        if not index.exists():
            return self.source.head
        for shared in index.parent.glob("sharedindex.*"):
            shutil.copyfile(shared, self.folder / shared.name)
        copy = self.folder / "index-of-the-user"
        shutil.copyfile(index, copy)
        done = self.git("write-tree", "--missing-ok", extra={"GIT_INDEX_FILE": str(copy)})
        if done.code:
            raise CannotTell(f"the index can't be read as a commit: {reason(done)}", "git status")
        parents = ("-p", self.source.head) if self.source.head else ()
        return line_of(self.git("commit-tree", done.stdout.strip(), *parents, "-m", "the index"))

    def merge_base(self, one: str, other: str) -> str | None:
        return (line_of(self.git("merge-base", one, other)) or "").partition("\n")[0] or None

    def merge(self, into: str, commit: str) -> Merged:
        """Merge ``commit`` into the commit ``into``. Raises CannotTell where git can't even try."""
        done = self.git("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", into, commit)
        if done.code == _USAGE:  # before git 2.38
            return self.merge_in_tree(into, commit)
        tree, *conflicts = done.stdout.rstrip("\0").split("\0")
        if done.code not in (0, 1) or not tree:
            _cannot_merge(done)
        return Merged(tree, tuple(sorted(set(conflicts))))

    def merge_in_tree(self, into: str, commit: str) -> Merged:
        """The same for a git that merges in a working tree only: in one beside the throwaway repository."""
        work = self.folder / "merging"
        work.mkdir()
        place = ("--git-dir", str(self.folder), "--work-tree", str(work))
        index = {**_NO_ATTRIBUTES, "GIT_INDEX_FILE": str(self.folder / "index")}
        plain = ("-c", "core.attributesFile=/dev/null", "-c", "core.bare=false")
        done = git(work, *plain, *place, "checkout", "--quiet", "--force", "--detach", into, extra=index)
        if done.code:
            _cannot_merge(done)
        options = ("--quiet", "--no-edit", "--ff", "--no-squash", "--commit", "-m", "merged")
        done = git(work, *plain, *place, "merge", *options, commit, extra=index)
        if not done.code:
            return Merged(_line(self.git("rev-parse", "HEAD^{tree}")))
        listed = git(work, *plain, *place, "diff", "--name-only", "--diff-filter=U", "-z", extra=index).stdout
        conflicts = tuple(sorted({name for name in listed.split("\0") if name}))
        if not conflicts:
            _cannot_merge(done)
        # What has a conflict is taken with git's marks, as merge-tree does.
        git(work, *plain, *place, "add", "--all", "--force", extra=index)
        return Merged(_line(self.git("write-tree", "--missing-ok", extra=index)), conflicts)

    def list_files(self, tree: str) -> Listing:
        done = self.git("ls-tree", "-r", "-z", "--full-tree", tree)
        if done.code:
            raise CannotTell(f"the files of {tree[:12]} can't be listed: {reason(done)}", "git fsck")
        files, submodules = {}, {}
        for line in done.stdout.split("\0"):
            facts, _, path = line.partition("\t")
            mode, _, rest = facts.partition(" ")
            name = rest.partition(" ")[2]
            if mode == _GITLINK:
                submodules[path] = name
            elif mode in _BLOB_MODES:
                files[path] = name
        return Listing(files, submodules)


class Blobs:
    """Texts of files by their blobs, from one git process that waits for the next question."""

    def __init__(self, throwaway: Throwaway) -> None:
        self._known: dict[str, str | None] = {}
        self._process = subprocess.Popen(
            ["git", f"--git-dir={throwaway.folder}", "cat-file", "--batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(os.environ),
        )

    def text(self, blob: str) -> str | None:
        """None for one that is not on this machine (a partial clone)."""
        if blob not in self._known:
            self._known[blob] = self._ask(blob)
        return self._known[blob]

    def _ask(self, blob: str) -> str | None:
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answers is not None
        asked.write(f"{blob}\n".encode())
        asked.flush()
        header = answers.readline().split()
        if len(header) != 3:  # "<blob> missing"
            return None
        content = answers.read(int(header[2]))
        answers.read(1)
        return content.decode("utf-8", "replace")

    def close(self) -> None:
        self._process.communicate()


@contextlib.contextmanager
def borrowing(repository: Repository, folder: Path) -> Iterator[tuple[Throwaway, Blobs]]:
    """A throwaway repository in ``folder``, which is empty and the caller's to remove."""
    name = line_of(git(repository.top, "rev-parse", "--show-object-format")) or "sha1"
    done = git(None, "init", "--quiet", "--bare", "--template=", f"--object-format={name}", str(folder))
    if done.code:
        raise CannotTell(f"git can't make a repository in {folder}: {reason(done)}", "migsim doctor")
    (folder / "objects" / "info").mkdir(exist_ok=True)
    (folder / "objects" / "info" / "alternates").write_text(f"{repository.objects}\n")
    if repository.is_shallow:
        shutil.copyfile(repository.shallow, folder / "shallow")
    throwaway = Throwaway(folder, repository)
    blobs = Blobs(throwaway)
    try:
        yield throwaway, blobs
    finally:
        blobs.close()


def _index(repository: Repository) -> Path:
    """The repository's index; in a hook the one that git is about to commit (githooks(5))."""
    named = os.environ.get("GIT_INDEX_FILE")
    if named:
        path = Path(named).absolute()
        if path.is_file() and path.parent.samefile(repository.index.parent):
            return path
    return repository.index


def _line(done: Outcome) -> str:
    if line := line_of(done):
        return line
    _cannot_merge(done)


def _cannot_merge(done: Outcome) -> NoReturn:
    raise CannotTell(f"git can't merge: {reason(done)}", "git fetch --unshallow")
