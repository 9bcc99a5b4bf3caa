"""Migrations whose code meets the rows that it once wrote: whether the history vouches for that. Pure.

What only changes rows leaves no trace in the catalog. That a row is there which the code would write may be chance;
that django_migrations gave out a number for a row that is gone, or that later migrations are in effect, is not.
"""

from __future__ import annotations

from simulator.graph import ancestors, app_of
from simulator.model import Finding
from simulator.situation import Situation

UNIQUE_VIOLATION = "23505"


def writes_again(situation: Situation, root: Finding) -> bool:
    """Whether a RunPython writes what a unique constraint has already."""
    failure = root.failure
    file = situation.files.get(failure.migration or "")
    return failure.sqlstate == UNIQUE_VIOLATION and any(
        one.kind == "RunPython" and one.text == failure.operation for one in (file.operations if file else ())
    )


def has_run(situation: Situation, root: Finding) -> bool:
    """Whether the history has lost that migration's row: all else that it does is done as well."""
    name = root.failure.migration or ""
    effects = situation.effects.get(name)
    if not writes_again(situation, root) or not (effects is None or effects.all_there) or _is_numbers(situation, root):
        return False
    done = {one for one, its in situation.effects.items() if its.all_there and one in situation.pending}
    if situation.table.rows:
        met = {one.failure.migration for one in situation.roots if not writes_again(situation, one)}
        again = {one.failure.migration for one in situation.roots if writes_again(situation, one)}
        return (situation.table.missing_ids or 0) - len((done | met) - again - {None}) >= len(again)
    return any(app_of(one) == app_of(name) and name in ancestors(one, situation.files) for one in done)


def _is_numbers(situation: Situation, root: Finding) -> bool:
    """Whether the table's sequence gives numbers that are in use: any new row would fail."""
    return any(one.table == (root.failure.table_name or root.failure.relation) for one in situation.behind)
