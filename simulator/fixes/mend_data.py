"""Rows that the migration can't take: only a person can decide about them. The query shows which."""

from __future__ import annotations

from simulator.findings import data_migrations
from simulator.findings.case import Case
from simulator.findings.situation import Situation
from simulator.fixes.route import Mend
from simulator.model import Failure
from simulator.postgres import ddl
from simulator.postgres.sqlstate import (
    CHECK_VIOLATION,
    FOREIGN_KEY_VIOLATION,
    NOT_NULL_VIOLATION,
    PROGRAM_LIMIT_EXCEEDED,
    UNIQUE_VIOLATION,
)

ID = "mend-data"
TITLE = "Decide about the rows that the migration can't take"
# Data exceptions and violations (PostgreSQL manual, appendix A).
CLASSES = ("22", "23")


def propose(case: Case) -> Mend | None:
    state = case.failure.sqlstate or ""
    if not (state.startswith(CLASSES) or state == PROGRAM_LIMIT_EXCEEDED) or not case.situation.reference.complete:
        return None
    if data_migrations.writes_again(case):
        name, where = case.failure.migration, case.failure.relation or "its table"
        text = f"the code of {name} gives {where} a value that is there: record it if it has run, else mend the rows"
        return Mend(ID, TITLE, (case.root.id,), person=text)
    query = query_for(case.failure, case.situation)
    shown = f"; these are they: {query}" if query else ""
    return Mend(ID, TITLE, (case.root.id,), person=f"{_what(case.failure)}{shown}")


def _what(failure: Failure) -> str:
    where = failure.relation or "its table"
    column = f".{failure.column_name}" if failure.column_name else ""
    return {
        NOT_NULL_VIOLATION: f"give the rows of {where}{column} that hold NULL a value, or allow NULL in the code",
        FOREIGN_KEY_VIOLATION: f"mend or delete the rows of {where} that point to nothing",
        UNIQUE_VIOLATION: f"mend or delete the rows of {where} that are there twice",
        PROGRAM_LIMIT_EXCEEDED: (
            f"shorten the values of {where} that an index can't hold, or index less of them in the code"
        ),
        CHECK_VIOLATION: f"mend the rows of {where} that break the check {failure.constraint_name or ''}".rstrip(),
    }.get(failure.sqlstate or "", f"mend the rows of {where}{column} whose values the migration can't take")


def query_for(failure: Failure, situation: Situation) -> str | None:
    """A SELECT of the rows in question, where the failure says enough."""
    if not failure.relation:
        return None
    schema = failure.schema_name or "public"
    table = ddl.qualified(schema, failure.relation)
    if failure.sqlstate == NOT_NULL_VIOLATION and failure.column_name:
        return f"SELECT * FROM {table} WHERE {ddl.quote(failure.column_name)} IS NULL"
    wanted = situation.reference.after.get(failure.migration or "", situation.reference.final)
    if failure.sqlstate == UNIQUE_VIOLATION and failure.constraint_name:
        columns = _columns(failure.constraint_name, schema, failure.relation, situation)
        if columns:
            return f"SELECT {columns}, count(*) FROM {table} GROUP BY {columns} HAVING count(*) > 1"
    constraint = wanted.get("constraint", schema, failure.relation, failure.constraint_name or "")
    if failure.sqlstate == CHECK_VIOLATION and constraint:
        return f"SELECT * FROM {table} WHERE NOT {constraint.definition[1].removeprefix('CHECK ')}"
    if failure.sqlstate == FOREIGN_KEY_VIOLATION and constraint:
        return f"SELECT * FROM {table}  -- without a match: {constraint.definition[1]}"
    return None


def _columns(name: str, schema: str, relation: str, situation: Situation) -> str | None:
    """Of the unique constraint or index that could not be made."""
    wanted = situation.reference.final
    fact = wanted.get("constraint", schema, relation, name) or wanted.get("index", schema, relation, name)
    text = fact.definition[0 if fact.kind == "index" else 1] if fact else ""
    inside = text[text.find("(") + 1 : text.rfind(")")] if "(" in text and " WHERE " not in text else ""
    return inside if inside and "(" not in inside else None
