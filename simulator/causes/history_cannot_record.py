"""django_migrations refuses new rows: its numbers, or the role's rights."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.causes import words
from simulator.findings import origins
from simulator.findings.case import Case
from simulator.findings.situation import HistoryTable
from simulator.model import Cause, Phase
from simulator.postgres.sqlstate import INSUFFICIENT_PRIVILEGE, NOT_NULL_VIOLATION, UNIQUE_VIOLATION

ID = "history-cannot-record"
TITLE = "django_migrations can't take a row"


STATES = (UNIQUE_VIOLATION, NOT_NULL_VIOLATION, INSUFFICIENT_PRIVILEGE)


def explain(case: Case) -> Cause | None:
    """Where writing a row failed; where a migration is in effect without its row, and none can be written now."""
    broken = tuple(_broken(case.situation.database.history, case.situation.database.role))
    if case.failure.phase is Phase.RECORD:
        if case.situation.database.history.kind is None or case.failure.sqlstate not in STATES:
            return None
        said = f"writing its row failed with {case.failure.sqlstate}"
        return Cause(ID, TITLE, "certain" if broken else "likely", (*broken, said))
    if not broken or not case.is_done_already:
        return None
    name = case.migration
    evidence = (*broken, words.no_row(name), *words.effects(name, case.effects))
    return Cause(ID, TITLE, "certain" if origins.may_be_interrupted(case.situation, name) else "likely", evidence)


def _broken(table: HistoryTable, role: str) -> Iterator[str]:
    if table.kind != "table":
        return
    if not table.identity:
        yield "the id of django_migrations is no identity and has no default"
    elif table.is_behind:
        yield f"the id sequence of django_migrations gives {table.next_id} next, the highest id is {table.highest_id}"
    if not table.may_insert:
        yield f"{role or 'the role'} may not write a row of django_migrations, or not use its sequence"
