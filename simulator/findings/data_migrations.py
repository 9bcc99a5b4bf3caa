"""Migrations whose code meets the rows that it once wrote: whether the history vouches for that.

What only changes rows leaves no trace in the catalog. That a row is there which the code would write may be chance;
that django_migrations gave out a number for a row that is gone, or that later migrations are in effect, is not.
"""

from __future__ import annotations

from collections.abc import Set

from simulator.findings.case import Case
from simulator.findings.graph import ancestors, app_of
from simulator.findings.situation import Situation
from simulator.postgres.sqlstate import UNIQUE_VIOLATION


def writes_again(case: Case) -> bool:
    """Whether a RunPython writes what a unique constraint has already."""
    failure = case.failure
    file = case.situation.code.files.get(failure.migration or "")
    return failure.sqlstate == UNIQUE_VIOLATION and any(
        one.kind == "RunPython" and one.text == failure.operation for one in (file.operations if file else ())
    )


def has_run(case: Case) -> bool:
    """Whether the history has lost that migration's row: all else that it does is done as well."""
    name = case.migration
    effects = case.situation.effects.get(name)
    done = {one for one, its in case.situation.effects.items() if its.all_there and one in case.situation.pending}
    if not _meets_its_own(case) or not (effects is None or effects.all_there):
        return False
    if case.situation.database.history.rows:
        return _lost(case.situation, name) >= len(_as_many(case.situation, done))
    return any(app_of(one) == app_of(name) and name in ancestors(one, case.situation.code.files) for one in done)


def _meets_its_own(case: Case) -> bool:
    """Whether the first row that the code writes is there: an UPDATE that has run would not collide again, and where a
    row could be written before, not all of them were there."""
    inserts = (case.failure.sql or "").lstrip()[:6].upper() == "INSERT"
    wrote = any(run.migration == case.failure.migration and run.rows_changed for run in case.situation.survey.code_runs)
    return writes_again(case) and inserts and not wrote and not _is_numbers(case)


def _lost(situation: Situation, name: str) -> int:
    """How many numbers without a row were given out after the migrations were recorded that it stands on."""
    table, above = situation.database.history, ancestors(name, situation.code.files)
    if not table.missing_ids or table.next_id is None:
        return 0
    first = max((row.id for row in table.rows if row.id is not None and row.name in above), default=0)
    ids = {row.id for row in table.rows}
    return sum(number not in ids for number in range(first + 1, table.next_id))


def _as_many(situation: Situation, done: Set[str]) -> set[str]:
    """The pending migrations that may have lost their rows: up to the last that is in effect, in the way or met again,
    each of them, for what has no effect on the catalog can't be told."""
    met = {one.failure.migration for one in situation.roots if one.failure.migration}
    plan = list(situation.pending)
    last = max((plan.index(one) for one in done | met if one in plan), default=-1)
    effects = situation.effects
    return {one for one in plan[: last + 1] if one in done | met or one not in effects}


def _is_numbers(case: Case) -> bool:
    """Whether the table's sequence gives numbers that are in use: any new row would fail."""
    return any(
        one.table == (case.failure.table_name or case.failure.relation) for one in case.situation.database.behind
    )
