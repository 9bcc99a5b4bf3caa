"""The code is at fault: no step on the database mends that."""

from __future__ import annotations

from pathlib import PurePosixPath

from simulator.findings.case import Case
from simulator.fixes import merge_migration
from simulator.fixes.route import Mend
from simulator.postgres.sqlstate import UNIQUE_VIOLATION

ID = "edit-code"
TITLE = "Change the migrations"


def propose(case: Case) -> Mend | None:
    if merge_migration.propose(case) is not None:
        return None  # how to change it is known
    text = _fails_from_nothing(case) if not case.situation.reference.complete else _fails_on_rows(case)
    return Mend(ID, TITLE, (case.root.id,), person=text) if text else None


def _fails_from_nothing(case: Case) -> str:
    """With the file and the operation to change, where one is at fault."""
    failure = case.situation.reference.failure
    if failure is None:
        return "change the code: from an empty database it ends early too"
    file = case.situation.code.files.get(failure.migration or "")
    operation = f" ({failure.operation})" if failure.operation else ""
    at = f", at {file.path or file.name}{operation}" if file else ""
    said = f"{failure.sqlstate or failure.exception.rpartition('.')[2]} {failure.message}"
    return f"change the code{at}: from an empty database it fails too ({said})"


def _fails_on_rows(case: Case) -> str | None:
    """What passes from nothing, where there is no row, and can't on any database that has some."""
    file = case.file
    path = file.path if file and file.path else case.migration
    if case.made_later:
        return (
            f"in {path} take the models from apps.get_model('app', 'Model') and do not import them: those of today "
            f"have what {case.made_later} makes only later"
        )
    operation = case.operation
    if case.failure.sqlstate == UNIQUE_VIOLATION and case.new_column and not (operation and operation.runs_code):
        table = case.failure.table_name or case.failure.relation
        own = (
            f"{case.migration} gives every row of {table} the same {case.new_column}: have it add the column with "
            "null=True, fill it row by row, then make it unique (Django's docs: Migrations that add unique fields)"
        )
        is_a_packages = PurePosixPath(path).is_absolute()
        return f"{own}; it is a package's, so look for a release in which it is mended" if is_a_packages else own
    return None
