"""The rows that a migration can't take, as a query: never one of them is shown, they are counted."""

from __future__ import annotations

import re

from simulator.findings.case import Case
from simulator.findings.situation import Situation
from simulator.model import Fact, Failure
from simulator.postgres import ddl
from simulator.postgres.sqlstate import (
    CHECK_VIOLATION,
    FOREIGN_KEY_VIOLATION,
    NOT_NULL_VIOLATION,
    NUMERIC_VALUE_OUT_OF_RANGE,
    STRING_DATA_RIGHT_TRUNCATION,
    UNIQUE_VIOLATION,
)

_REFERENCES = re.compile(r"FOREIGN KEY \((?P<own>.+?)\) REFERENCES (?P<table>.+?)\((?P<theirs>.+?)\)")
_LENGTH = re.compile(r"character varying\((\d+)\)|character\((\d+)\)|varchar\((\d+)\)")
_RANGES = {"smallint": 1 << 15, "integer": 1 << 31, "bigint": 1 << 63}


def query_for(case: Case) -> str:
    """A SELECT of the rows in question, or of the values that are there more than once; "" where it can't be said."""
    failure = case.failure
    if not failure.relation or case.new_column:
        return ""
    table = ddl.qualified(failure.schema_name or "public", failure.relation)
    if failure.sqlstate == NOT_NULL_VIOLATION:
        return f"SELECT * FROM {table} WHERE {ddl.quote(failure.column_name)} IS NULL" if failure.column_name else ""
    return _of_constraint(case, table) or _of_types(case, table)


def wanted_constraint(failure: Failure, situation: Situation) -> Fact | None:
    """The constraint or unique index that the rows are refused by, as the migration makes it."""
    schema, relation, name = failure.schema_name or "public", failure.relation or "", failure.constraint_name or ""
    for catalog in (situation.reference.after.get(failure.migration or ""), situation.reference.final):
        for kind in ("constraint", "index"):
            if catalog is not None and name and (fact := catalog.get(kind, schema, relation, name)):
                return fact
    return None


def columns(fact: Fact) -> str:
    """What stands in the first parentheses of a constraint's or an index's definition."""
    return _inside(fact.definition[0 if fact.kind == "index" else 1])


def _of_constraint(case: Case, table: str) -> str:
    state, fact = case.failure.sqlstate, wanted_constraint(case.failure, case.situation)
    if fact is None:
        return ""
    if state == UNIQUE_VIOLATION:
        return _repeated(table, fact)
    if state == CHECK_VIOLATION:
        return f"SELECT * FROM {table} WHERE NOT ({_inside(fact.definition[1])})"
    if state == FOREIGN_KEY_VIOLATION:
        return _orphans(table, fact)
    return ""


def _repeated(table: str, fact: Fact) -> str:
    """NULLs are distinct for a unique constraint, unless it says otherwise; a partial index knows only its part."""
    text = fact.definition[0 if fact.kind == "index" else 1]
    own = columns(fact)
    if not own:
        return ""
    _before, where, predicate = text.partition(" WHERE ")
    distinct = "" if "NULLS NOT DISTINCT" in text else f" AND num_nulls({own}) = 0"
    part = f" WHERE {predicate}" if where else ""
    return f"SELECT {own}, count(*) FROM {table}{part} GROUP BY {own} HAVING count(*) > 1{distinct}"


def _orphans(table: str, fact: Fact) -> str:
    match = _REFERENCES.match(fact.definition[1])
    if match is None:
        return ""
    pairs = list(zip(match["own"].split(", "), match["theirs"].split(", "), strict=False))
    filled = " AND ".join(f"own.{name} IS NOT NULL" for name, _other in pairs)
    same = " AND ".join(f"other.{other} = own.{name}" for name, other in pairs)
    pointed_to = f"SELECT FROM {match['table']} other WHERE {same}"
    return f"SELECT own.* FROM {table} own WHERE {filled} AND NOT EXISTS ({pointed_to})"


def _of_types(case: Case, table: str) -> str:
    """Too long, or out of range, for the type that the migration gives a column."""
    found = []
    for name, _standing, wanted in changed_types(case):
        length, highest = _LENGTH.fullmatch(wanted), _RANGES.get(wanted)
        own = ddl.quote(name)
        if case.failure.sqlstate == STRING_DATA_RIGHT_TRUNCATION and length:
            found.append(f"length({own}::text) > {next(filter(None, length.groups()))}")
        elif case.failure.sqlstate == NUMERIC_VALUE_OUT_OF_RANGE and highest:
            found.append(f"{own} NOT BETWEEN {-highest} AND {highest - 1}")
    return f"SELECT * FROM {table} WHERE {' OR '.join(found)}" if found else ""


def changed_types(case: Case) -> list[tuple[str, str, str]]:
    """Of the table that the failure is about, else that the operation works on: columns that get another type, with
    that which stands and that which the migration wants."""
    effects, operation = case.effects, case.operation
    if effects is None:
        return []
    tables = {case.failure.relation, case.failure.table_name, operation.table if operation else None}
    found = []
    for wanted in sorted((*effects.absent, *(wanted for _standing, wanted in effects.different))):
        standing = case.situation.database.catalog.like(wanted) if wanted.relation in tables else None
        if wanted.kind == "column" and standing is not None and standing.definition[0] != wanted.definition[0]:
            found.append((wanted.name, standing.definition[0], wanted.definition[0]))
    return found


def _inside(text: str) -> str:
    """What stands in the first pair of parentheses; strings and names with parentheses in them count as text."""
    depth, start, quoted = 0, -1, ""
    for place, character in enumerate(text):
        if quoted:
            quoted = "" if character == quoted else quoted
        elif character in "'\"":
            quoted = character
        elif character == "(":
            depth += 1
            start = place + 1 if depth == 1 else start
        elif character == ")":
            depth -= 1
            if depth == 0:
                return text[start:place]
    return ""
