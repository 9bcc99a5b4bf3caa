"""What a run starts from, all of it read before anything is started: trees of code, and dumps.

A wrong ref, a missing dump or a truncated one is found here, in the first second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from simulator import dumps
from simulator.errors import UsageError
from simulator.model import BOOKKEEPING, Dump, ProjectVersion
from simulator.scenario import Django, Restore, Scenario, Step
from simulator.scenario.duration import seconds
from simulator.sources import git


@dataclass(frozen=True)
class Tree:
    """Code on this machine: the folder to bring along, and where in it manage.py's folder is."""

    root: Path
    project: Path
    version: ProjectVersion = field(default_factory=ProjectVersion)
    conflicts: tuple[str, ...] = ()  # files that a merge could not settle
    conflicting_ref: str | None = None


@dataclass(frozen=True)
class Sources:
    """The code under rehearsal, and what the steps name: trees of other refs, dumps, scripts."""

    code: Tree
    refs: Mapping[str, Tree]
    dumps: Mapping[Restore, Dump]
    scripts: Mapping[str, Path]
    warnings: tuple[str, ...] = ()


def gather(scenario: Scenario, root: Path, work: Path, now: datetime) -> Sources:
    """Check out the refs into ``work`` and read the dumps' headers. Raises UsageError and CannotTell."""
    repository = _repository(scenario.django, root, work)
    steps = all_steps(scenario)
    wanted = dict.fromkeys(step.migrate.ref for step in steps if step.migrate)
    code = _code(scenario.django, repository, work)
    return Sources(
        code=code,
        refs={ref: _checkout(repository, ref, work / f"ref{number}") for number, ref in enumerate(wanted)},
        dumps={step.restore: _dump(step.restore, root, now) for step in steps if step.restore},
        scripts={step.sql: _script(step.sql, root) for step in steps if step.sql},
        warnings=tuple(_warnings(scenario.django, repository, code)),
    )


def main_dump(found: Sources) -> Dump | None:
    """The dump that a report names: the first one restored."""
    return next(iter(found.dumps.values()), None)


def without_rows(found: Sources) -> bool:
    """Whether a schema.dump and a history.dump are all there is: no rows but those that migrate itself writes."""
    dumps_ = tuple(found.dumps.values())
    apart = all(dump.relations == 0 or dump.tables == 0 for dump in dumps_) and any(dump.relations for dump in dumps_)
    filled = [dump.filled for dump in dumps_]
    names = {name for one in filled for name in one or ()}
    return apart and None not in filled and bool(names) and names <= BOOKKEEPING and not found.scripts


def all_steps(scenario: Scenario) -> list[Step]:
    """The baseline steps of the alias under rehearsal and of every other."""
    steps = list(scenario.baseline)
    for baseline in scenario.django.baselines.values():
        if isinstance(baseline, tuple):
            steps += baseline
    return steps


@dataclass(frozen=True)
class _Repository:
    """Where refs are looked up (None: the project is in no repository), and the project's folder in it."""

    project: Path
    toplevel: Path | None


def _repository(django: Django, root: Path, work: Path) -> _Repository:
    folder = root / django.project
    if folder.suffix == ".bundle":
        if not folder.is_file():
            raise UsageError(f"django.project: there is no bundle {django.project}", "migsim validate")
        clone = work / "bundle"
        git.clone_bundle(folder, clone)
        return _Repository(clone, clone)
    if not folder.is_dir():
        raise UsageError(f"django.project: there is no folder {django.project} in {root}", "migsim init")
    return _Repository(folder.resolve(), git.toplevel(folder))


def _code(django: Django, repository: _Repository, work: Path) -> Tree:
    if django.merge:
        tree = work / "merged"
        merged = git.merge(_needed(repository, "merge"), django.ref, django.merge, tree)
        names = " + ".join([django.ref or "HEAD", *django.merge])
        version = ProjectVersion(ref=names, commit=merged.commit)
        return Tree(tree, _same_place(repository, tree), version, merged.conflicts, merged.ref)
    if django.ref:
        return _checkout(repository, django.ref, work / "code")
    version = git.describe(repository.project)
    return Tree(repository.toplevel or repository.project, repository.project, version)


def _checkout(repository: _Repository, ref: str, into: Path) -> Tree:
    commit = git.checkout(_needed(repository, "ref"), ref, into)
    return Tree(into, _same_place(repository, into), ProjectVersion(ref=ref, commit=commit))


def _warnings(django: Django, repository: _Repository, code: Tree) -> Iterator[str]:
    """How the code that is rehearsed differs from what a person may think it is."""
    if repository.toplevel and (django.ref or django.merge) and git.describe(repository.project).dirty:
        yield f"uncommitted changes in {repository.project} are not part of {code.version.ref}"
    pointers = git.lfs_pointers(code.root) if code.root != repository.toplevel else ()
    if pointers:
        yield f"{len(pointers)} files are Git LFS pointers, not their content ({pointers[0]} …)"


def _needed(repository: _Repository, key: str) -> Path:
    if repository.toplevel is None:
        raise UsageError(
            f"{key}: the project {repository.project} is in no git repository", f"git -C {repository.project} init"
        )
    return repository.toplevel


def _same_place(repository: _Repository, tree: Path) -> Path:
    """The project's folder in another tree of its repository."""
    if repository.toplevel is None:
        return tree
    return tree / repository.project.relative_to(repository.toplevel.resolve())


def _dump(restore: Restore, root: Path, now: datetime) -> Dump:
    max_age = seconds(restore.max_age) if restore.max_age else None
    return dumps.read(dumps.choose(restore.dump, root, restore.newest, max_age, now), restore.database)


def _script(name: str, root: Path) -> Path:
    path = root / name
    if not path.is_file():
        raise UsageError(f"baseline: sql: {path}: no such file", f"paths are relative to {root}")
    dumps.check_script(path)
    return path
