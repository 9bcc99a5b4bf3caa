"""Rows were changed and the table altered in one transaction, with foreign keys still to be checked."""

from __future__ import annotations

from simulator.causes import code
from simulator.findings.case import Case
from simulator.model import Cause
from simulator.postgres.sqlstate import OBJECT_IN_USE
from simulator.wording import count

ID = "pending-triggers"
TITLE = "rows were changed and their table altered in one transaction"


def explain(case: Case) -> Cause | None:
    if case.failure.sqlstate != OBJECT_IN_USE or not case.in_migration:
        return None
    name = case.migration
    runs = [run for run in case.situation.survey.code_runs if run.migration == name and run.rows_changed]
    evidence = [
        f"{name} changes {count(run.rows_changed, 'row')} in operation {run.operation_index + 1}" for run in runs
    ]
    evidence.append("foreign keys that are checked at the end of the transaction keep the table from being altered")
    if case.code_fails:
        evidence += code.evidence(case)
    return Cause(ID, TITLE, "certain" if runs else "likely", tuple(evidence))
