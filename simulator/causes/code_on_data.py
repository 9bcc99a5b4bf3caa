"""The migration's own code fails on what is in the database, and passes without."""

from __future__ import annotations

from simulator.causes import words
from simulator.findings import data_migrations
from simulator.findings.case import Case
from simulator.model import Cause
from simulator.postgres.sqlstate import IN_FAILED_SQL_TRANSACTION, RAISE_EXCEPTION

ID = "code-on-data"
TITLE = "the migration's own code fails on these rows"


# An aborted transaction that went on, and an exception that code of the server raised.
ABORTED, RAISED = IN_FAILED_SQL_TRANSACTION, RAISE_EXCEPTION


def explain(case: Case) -> Cause | None:
    file, operation, failure = case.file, case.operation, case.failure
    if file is None or operation is None or not case.situation.reference.complete:
        return None
    passes = "from an empty database it passes"
    swallowed = failure.sqlstate == ABORTED or failure.exception.endswith("TransactionManagementError")
    before = file.operations[: file.operations.index(operation) + 1]
    if swallowed and any(one.runs_code for one in before):
        met = f" ({failure.sqlstate})" if failure.sqlstate and failure.sqlstate != ABORTED else ""
        said = f"the code of {file.name} goes on after an error of the database{met}, which ends its transaction"
        return Cause(ID, TITLE, "likely", (said, passes))
    if data_migrations.writes_again(case):
        lost = not case.situation.database.history.rows or case.situation.database.history.missing_ids
        why = "it may have run before: the history has lost rows" if lost else passes
        return Cause(ID, TITLE, "likely", (words.written_again(case.root), why))
    if not operation.runs_code or failure.sqlstate not in (None, RAISED):
        return None
    said = f"{failure.exception.rpartition('.')[2]} in {file.name}: {operation.text}"
    return Cause(ID, TITLE, "likely", (said, passes))
