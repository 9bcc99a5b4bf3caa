"""The same code fails the same way from nothing: no database is to blame."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.findings.case import Case
from simulator.model import Cause

ID = "code"
TITLE = "the code itself"


def explain(case: Case) -> Cause | None:
    if not case.code_fails:
        return None
    return Cause(ID, TITLE, "certain", tuple(evidence(case)))


def evidence(case: Case) -> Iterator[str]:
    """That it fails from nothing, and where."""
    broken = case.situation.reference.failure
    if broken is not None:
        at = f" at {broken.migration}" if broken.migration else ""
        said = broken.sqlstate or broken.exception.rpartition(".")[2]
        yield f"from an empty database the same code fails{at} too: {said} {broken.message}"
    file = case.file
    operation = case.operation
    if file is not None and operation is not None:
        number = file.operations.index(operation) + 1
        yield f"operation {number} of {len(file.operations)} in {file.path or file.name}: {operation.text}"
    elif file is not None:
        yield f"in {file.path or file.name}"
