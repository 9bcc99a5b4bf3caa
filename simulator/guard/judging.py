"""Two trees -> problems, those that were ignored on purpose, and what could not be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from simulator.errors import ExitCode, UsageError
from simulator.guard import checks
from simulator.guard.checks import IDS, Comparison, Problem
from simulator.guard.layout import App
from simulator.sources.git_bases import Base
from simulator.wording import some

_OF_THE_BASE = "migration-deleted, migration-edited-after-base"
_OF_THE_MERGE = "two-leaves, duplicate-number, table-created-twice, missing-parent"


@dataclass(frozen=True)
class Allowed:
    """A problem that is meant: ``id``, and of which migration ("" or "app.name")."""

    id: str
    migration: str = ""

    def covers(self, problem: Problem) -> bool:
        return self.id == problem.id and (not self.migration or self.migration in problem.migrations)


@dataclass(frozen=True)
class Judged:
    """All that is said. ``ignored``: with the reason that its file gives, or "" for an option's."""

    base: Base | None
    problems: tuple[Problem, ...]
    ignored: tuple[tuple[Problem, str], ...] = ()
    not_checked: tuple[str, ...] = ()
    compared: bool = True  # False: what was asked for could not be compared
    migrations: int = 0  # that were looked at
    apps: int = 0

    @property
    def exit_code(self) -> ExitCode:
        if self.problems:
            return ExitCode.WOULD_FAIL
        return ExitCode.SAFE if self.compared else ExitCode.CANNOT_TELL


def parse_allowed(text: str) -> Allowed:
    """``ID`` or ``ID:APP.NAME``, as --ignore takes it. Raises UsageError."""
    found, _, migration = text.partition(":")
    if found not in IDS:
        raise UsageError(f"--ignore {text}: there is no problem {found!r}", f"one of: {', '.join(IDS)}")
    if migration and "." not in migration:
        raise UsageError(f"--ignore {text}: {migration!r} is no APP.NAME", f"--ignore {found}:blog.0002_tags")
    return Allowed(found, migration)


def judge(
    base: Base | None,
    compared: Comparison,
    *,
    stopped: Comparison | None = None,
    allowed: Sequence[Allowed] = (),
    notes: Sequence[str] = (),
    complete: bool = True,
) -> Judged:
    """``stopped``: git stops in a migration file; then HEAD's own changes against the merge base are all there is.

    ``complete``: whether what was asked for could be compared at all.
    """
    subject = stopped or compared
    found = list(_problems(compared, stopped))
    told = [(problem, _reason(problem, allowed)) for problem in found]
    changed = subject.changed
    return Judged(
        base=base,
        problems=tuple(problem for problem, reason in told if reason is None),
        ignored=tuple((problem, reason) for problem, reason in told if reason is not None),
        not_checked=tuple(dict.fromkeys((*notes, *_not_checked(compared, stopped)))),
        compared=complete and stopped is None,
        migrations=sum(len(app.paths) for app in changed),
        apps=len(changed),
    )


def _problems(compared: Comparison, stopped: Comparison | None) -> Iterator[Problem]:
    for check in checks.OF_TREES:
        yield from check(stopped or compared)
    if stopped is None:
        for check in checks.OF_THE_MERGE:
            yield from check(compared)
        yield from checks.max_migration_conflict(compared)
    else:
        # The files of the merge hold git's marks: only where it stops is known.
        empty = replace(compared, merged=replace(compared.merged, apps={}))
        yield from checks.max_migration_conflict(empty)


def _not_checked(compared: Comparison, stopped: Comparison | None) -> Iterator[str]:
    if stopped is not None:
        yield f"git stops in migration files ({some(compared.conflicts)}), so: {_OF_THE_MERGE}"
        return
    if compared.base is None:
        yield f"nothing to compare with: {_OF_THE_BASE}, duplicate-number"
    yield from compared.merged.unclear
    for app in compared.changed:
        for why in checks.unclear(app):
            yield f"{why}: the leaves of {app.label}"
    yield from checks.computed(compared)


def _reason(problem: Problem, allowed: Sequence[Allowed]) -> str | None:
    """Why a problem is meant: a comment's reason, "" for an option; None: nobody says so."""
    if any(one.covers(problem) for one in allowed):
        return ""
    return next(_comments(problem), None)


def _comments(problem: Problem) -> Iterator[str]:
    """Of the files that the problem is about; of one that is gone, in any file of its app."""
    app = problem.app
    if app is None:
        return
    for name in _commenting(problem, app):
        one = app.source(name)
        if one is not None and problem.id in one.ignored:
            yield one.ignored[problem.id]


def _commenting(problem: Problem, app: App) -> Iterator[str]:
    own = [name for name in app.paths if f"{app.label}.{name}" in problem.migrations]
    yield from own or app.paths
