"""The migration's own code fails on what is in the database, and passes without."""

from __future__ import annotations

from simulator.causes import facts, words
from simulator.findings import data_migrations
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding
from simulator.postgres.sqlstate import IN_FAILED_SQL_TRANSACTION, RAISE_EXCEPTION

ID = "code-on-data"
TITLE = "the migration's own code fails on these rows"


# An aborted transaction that went on, and an exception that code of the server raised.
ABORTED, RAISED = IN_FAILED_SQL_TRANSACTION, RAISE_EXCEPTION


def explain(situation: Situation, root: Finding) -> Cause | None:
    file, operation, failure = facts.file_of(situation, root), facts.operation_of(situation, root), root.failure
    if file is None or operation is None or not situation.reference.complete:
        return None
    passes = "from an empty database it passes"
    swallowed = failure.sqlstate == ABORTED or failure.exception.endswith("TransactionManagementError")
    before = file.operations[: file.operations.index(operation) + 1]
    if swallowed and any(one.runs_code for one in before):
        met = f" ({failure.sqlstate})" if failure.sqlstate and failure.sqlstate != ABORTED else ""
        said = f"the code of {file.name} goes on after an error of the database{met}, which ends its transaction"
        return Cause(ID, TITLE, "likely", (said, passes))
    if data_migrations.writes_again(situation, root):
        lost = not situation.database.history.rows or situation.database.history.missing_ids
        why = "it may have run before: the history has lost rows" if lost else passes
        return Cause(ID, TITLE, "likely", (words.written_again(root), why))
    if not operation.runs_code or failure.sqlstate not in (None, RAISED):
        return None
    said = f"{failure.exception.rpartition('.')[2]} in {file.name}: {operation.text}"
    return Cause(ID, TITLE, "likely", (said, passes))
