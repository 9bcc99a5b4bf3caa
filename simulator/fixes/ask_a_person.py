"""What no other fix has an answer to: what a person has to decide there."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.fixes.repair import impossible
from simulator.fixes.route import Mend
from simulator.model import Existing
from simulator.postgres.sqlstate import UNDEFINED_COLUMN, UNDEFINED_TABLE
from simulator.wording import count

ID = "ask-a-person"
TITLE = "Decide what nothing here tells"


def propose(case: Case) -> Mend | None:
    return Mend(ID, TITLE, (case.root.id,), person=_decision(case))


def _decision(case: Case) -> str:
    failure, name = case.failure, case.migration
    where = name or failure.phase.value
    said = f"{failure.sqlstate or failure.exception.rpartition('.')[2]} {failure.message}".strip()
    if case.root.existing is not None:
        return _about_existing(case, case.root.existing, where)
    if case.operation is not None and case.operation.runs_code:
        return f"decide whether the code of {name} or what it meets in this database is to change: {said}"
    if failure.sqlstate in (UNDEFINED_TABLE, UNDEFINED_COLUMN) and failure.relation:
        return _about_absent(case, failure.relation, where)
    at = f"{where} ({failure.operation})" if failure.operation else where
    return f"decide what is to change at {at}, the code or the database: {said}"


def _about_existing(case: Case, standing: Existing, where: str) -> str:
    name = ".".join(part for part in (standing.schema_name, standing.table_name, standing.name) if part)
    rows = f" with {count(standing.rows, 'row')}" if standing.rows is not None and standing.table_name is None else ""
    why = "".join(f"; {text}" for text in impossible(case.situation, where))
    text = f"decide what becomes of the {standing.kind} {name}{rows}, which stands where {where} makes its own"
    return f"{text}: keep it and have the code go by it, or give it another name or place{why}"


def _about_absent(case: Case, relation: str, where: str) -> str:
    column = case.failure.column_name if case.failure.sqlstate == UNDEFINED_COLUMN else None
    what = f"{relation}.{column}" if column else relation
    maker = case.situation.maker(relation, column or "") if case.situation.reference.complete else None
    if maker in case.situation.pending:
        known = f"{maker} makes it, and is pending"
    else:
        known = f"{maker}, which makes it, is recorded" if maker else "no migration makes it"
    return f"decide where {what} is to come from, which {where} works on and which is not here: {known}"
