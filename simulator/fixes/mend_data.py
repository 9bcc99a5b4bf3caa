"""Rows that the migration can't take: only a person can decide about them. The query shows which."""

from __future__ import annotations

import re

from simulator.findings import data_migrations
from simulator.findings.case import Case
from simulator.fixes import rows
from simulator.fixes.route import Mend
from simulator.model import ROWS, VALUES
from simulator.postgres.sqlstate import (
    CHECK_VIOLATION,
    EXCLUSION_VIOLATION,
    FOREIGN_KEY_VIOLATION,
    NOT_NULL_VIOLATION,
    PROGRAM_LIMIT_EXCEEDED,
    UNIQUE_VIOLATION,
)
from simulator.wording import count

ID = "mend-data"
TITLE = "Decide about the rows that the migration can't take"
# Data exceptions and violations (PostgreSQL manual, appendix A).
CLASSES = ("22", "23")
_ALTERS = re.compile(r"\s*(?:ALTER|CREATE)\b", re.IGNORECASE)  # what rows are refused by, in a RunSQL as well


def propose(case: Case) -> Mend | None:
    state = case.failure.sqlstate or ""
    if not (state.startswith(CLASSES) or state == PROGRAM_LIMIT_EXCEEDED) or not case.situation.reference.complete:
        return None
    if text := _of_code(case):
        return Mend(ID, TITLE, (case.root.id,), person=text)
    return Mend(ID, TITLE, (case.root.id,), person=_decision(case), query=rows.query_for(case))


def _of_code(case: Case) -> str | None:
    """What the migration's own code writes is not in any row yet; None where the schema editor's statement failed."""
    name, failure = case.migration, case.failure
    where = failure.relation or "its table"
    if data_migrations.writes_again(case):
        said = f"the code of {name} gives {where} a value that is there"
        record = f"python manage.py migrate {name.replace('.', ' ', 1)} --fake"
        return f"decide whether it has run here, then record it ({record}), or change the rows that it meets: {said}"
    if case.operation is None or not case.operation.runs_code or _ALTERS.match(failure.sql or ""):
        return None
    column = f".{failure.column_name}" if failure.column_name else ""
    broken = f" ({failure.constraint_name})" if failure.constraint_name else ""
    said = f"what it writes to {where}{column} is refused{broken}: {failure.sqlstate} {failure.message}"
    return f"decide what the code of {name} is to write, or which rows it is to pass over: {said}"


def _decision(case: Case) -> str:
    failure = case.failure
    where, name = failure.relation or "its table", failure.constraint_name
    if failure.sqlstate == NOT_NULL_VIOLATION:
        return _of_nulls(case, where)
    fact = rows.wanted_constraint(failure, case.situation)
    what = rows.columns(fact) if fact else name or "values"
    by = f" ({name})" if name else ""
    sure = {
        FOREIGN_KEY_VIOLATION: f"about {ROWS} of {where} pointing to nothing{by}: delete them, or point them to a row",
        UNIQUE_VIOLATION: f"which rows of {where} to keep or to change where several have the same {what}: {VALUES}",
        EXCLUSION_VIOLATION: f"which rows of {where} to keep or to change that exclude each other{by}",
        PROGRAM_LIMIT_EXCEEDED: (
            f"how to shorten the values of {where} that an index can't hold, or which of them the code is to index"
        ),
        CHECK_VIOLATION: f"about {ROWS} of {where} breaking a check{by}: other values, or another check in the code",
    }.get(failure.sqlstate or "")
    return f"decide {sure}" if sure else _of_types(case, where)


def _of_nulls(case: Case, where: str) -> str:
    column = f".{case.failure.column_name}" if case.failure.column_name else ""
    if case.new_column is None:
        return f"decide on a value for {where}{column} in {ROWS} with NULL, or allow NULL in the code"
    known = case.situation.database.rows.get(f"{case.failure.schema_name or 'public'}.{where}")
    how_many = count(known, "row") if known is not None and case.situation.database.tier == "data" else "all rows"
    return (
        f"decide on a value for {where}{column} in {how_many}: a default in the migration, or NULL allowed in the code"
    )


def _of_types(case: Case, where: str) -> str:
    changed = rows.changed_types(case)
    if not changed:
        column = f".{case.failure.column_name}" if case.failure.column_name else ""
        return f"decide about the values of {where}{column} that the migration can't take ({case.failure.sqlstate})"
    types = ", ".join(f"{name} ({standing}) as {wanted}" for name, standing, wanted in changed)
    return f"decide what becomes of {ROWS} of {where} not fitting {types}: other values, or another type in the code"
