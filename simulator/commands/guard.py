"""``migsim guard``: what merging this branch would do to the migration files, from git's objects alone."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from simulator.errors import CannotTell, ExitCode, UsageError
from simulator.guard import output
from simulator.guard.checks import Comparison
from simulator.guard.judging import Allowed, Judged, judge, parse_allowed
from simulator.guard.layout import Layout, Tree, is_migration_path, read_layout
from simulator.host.terminal import printer
from simulator.sources import git_bases
from simulator.sources.git_bases import DEEPER, Base
from simulator.sources.git_merge import Blobs, Listing, Repository, Throwaway, borrowing, open_repository
from simulator.wording import age

Format = Literal["text", "json", "github"]


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for. ``base`` and ``head`` "": what is found, and what the next commit would hold."""

    base: str = ""
    head: str = ""
    projects: tuple[Path, ...] = ()
    ignore: tuple[str, ...] = ()
    format: Format = "text"


def run(wanted: Wanted, cwd: Path, environ: Mapping[str, str]) -> ExitCode:
    """Print what was found; 1 where there is a problem, 3 where what was asked for can't be compared."""
    allowed = tuple(map(parse_allowed, wanted.ignore))
    repository = open_repository(cwd)
    base = git_bases.find(repository.top, wanted.base, environ)
    with tempfile.TemporaryDirectory(prefix="migsim-guard-") as folder:
        with borrowing(repository, Path(folder) / "git") as (throwaway, blobs):
            head = _head(throwaway, repository, wanted.head)
            only = _projects(repository, wanted.projects, cwd)
            judged = _compare(throwaway, blobs, base, head, only).judged(allowed)
    _print(judged, wanted.format, _fetched(repository, judged.base))
    return judged.exit_code


@dataclass(frozen=True)
class _Compared:
    """What ``judge`` is given."""

    base: Base | None
    compared: Comparison
    stopped: Comparison | None = None
    notes: tuple[str, ...] = ()
    complete: bool = True

    def judged(self, allowed: Sequence[Allowed]) -> Judged:
        return judge(
            self.base,
            self.compared,
            stopped=self.stopped,
            allowed=allowed,
            notes=self.notes,
            complete=self.complete,
        )


def _compare(throwaway: Throwaway, blobs: Blobs, base: Base | None, head: str, only: Sequence[str]) -> _Compared:
    trees = _Trees(throwaway, blobs, only)
    if base is None:
        return _Compared(None, Comparison(trees.layout(head), None), notes=("there is no base: --base REF",))
    fork = throwaway.merge_base(base.commit, head) if base.commit else None
    if base.commit is None or fork is None:
        return _without_base(base, trees, head, throwaway.source)
    merged = throwaway.merge(base.commit, head) if fork != base.commit else None
    tree = merged.tree if merged else head
    conflicts = merged.conflicts if merged else ()
    compared = Comparison(trees.layout(tree), trees.layout(base.commit), base.ref, conflicts)
    folders = {app.folder for layout in (compared.merged, compared.base) if layout for app in layout.apps.values()}
    stopped = None
    if any(is_migration_path(path, folders) for path in conflicts):
        stopped = Comparison(trees.layout(head), trees.layout(fork), base.ref)
    return _Compared(base, compared, stopped, trees.submodules(base.commit, tree))


def _without_base(base: Base, trees: _Trees, head: str, repository: Repository) -> _Compared:
    """What the branch holds is looked at alone. Raises CannotTell where a base was asked for by name."""
    lacking = "is not here" if base.commit is None else "has no common commit with it here"
    hint = DEEPER if repository.is_shallow else f"git fetch origin {base.ref}"
    if base.asked:
        raise CannotTell(f"{base.ref} {lacking}: there is nothing to compare with", hint)
    note = f"the base {base.ref} ({base.why}) {lacking} (hint: {hint})"
    return _Compared(
        replace(base, commit=None), Comparison(trees.layout(head), None), notes=(note,), complete=base.guessed
    )


class _Trees:
    """Trees of the throwaway repository, each read once."""

    def __init__(self, throwaway: Throwaway, blobs: Blobs, only: Sequence[str]) -> None:
        self._throwaway, self._blobs, self._only = throwaway, blobs, only
        self._listed: dict[str, Listing] = {}

    def layout(self, tree: str) -> Layout:
        return read_layout(Tree(self._list(tree).files, self._blobs.text), self._only)

    def submodules(self, one: str, other: str) -> tuple[str, ...]:
        """Those that differ: what they hold is not in this repository."""
        old, new = self._list(one).submodules, self._list(other).submodules
        return tuple(f"the submodule {path}" for path in sorted(new) if new[path] != old.get(path))

    def _list(self, tree: str) -> Listing:
        if tree not in self._listed:
            self._listed[tree] = self._throwaway.list_files(tree)
        return self._listed[tree]


def _head(throwaway: Throwaway, repository: Repository, named: str) -> str:
    if named:
        return git_bases.resolve(repository.top, named)
    commit = throwaway.next_commit()
    if commit is None:
        raise UsageError(f"{repository.top} has no commit and nothing in its index", "git add .")
    return commit


def _projects(repository: Repository, folders: Sequence[Path], cwd: Path) -> tuple[str, ...]:
    """By their paths from the repository's top."""
    found = []
    for folder in folders:
        path = (cwd / folder).resolve()
        if not path.is_relative_to(repository.top.resolve()):
            raise UsageError(f"--project {folder}: is not in {repository.top}", "migsim guard --project backend")
        inside = path.relative_to(repository.top.resolve()).as_posix()
        found.append("" if inside == "." else inside)
    return tuple(found)


def _fetched(repository: Repository, base: Base | None) -> str:
    """When what the remote has was last asked, in words; "" for what is no remote's."""
    if base is None or not base.remote:
        return ""
    seen = [repository.git_dir / "FETCH_HEAD", repository.common / "FETCH_HEAD", repository.common / "packed-refs"]
    times = [path.stat().st_mtime for path in seen if path.exists()]
    return f"fetched {age(max(0.0, time.time() - max(times)))} ago" if times else ""


def _print(judged: Judged, form: Format, fetched: str) -> None:
    console = printer()
    if form == "json":
        console.document(output.to_json(judged) + "\n")
    else:
        console.lines(output.to_github(judged) if form == "github" else output.to_text(judged, fetched))
