"""Rows were changed and the table altered in one transaction, with foreign keys still to be checked."""

from __future__ import annotations

from simulator.causes import code, facts, words
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding
from simulator.postgres.sqlstate import OBJECT_IN_USE

ID = "pending-triggers"
TITLE = "rows were changed and their table altered in one transaction"


def explain(situation: Situation, root: Finding) -> Cause | None:
    if root.failure.sqlstate != OBJECT_IN_USE or not facts.in_migration(root):
        return None
    name = facts.name_of(root)
    runs = [run for run in situation.survey.code_runs if run.migration == name and run.rows_changed]
    evidence = [
        f"{name} changes {words.count(run.rows_changed, 'row')} in operation {run.operation_index + 1}" for run in runs
    ]
    evidence.append("foreign keys that are checked at the end of the transaction keep the table from being altered")
    if facts.code_fails(situation, root):
        evidence += code.evidence(situation, root)
    return Cause(ID, TITLE, "certain" if runs else "likely", tuple(evidence))
