"""The same code fails the same way from nothing: no database is to blame."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.causes import facts
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding

ID = "code"
TITLE = "the code itself"


def explain(situation: Situation, root: Finding) -> Cause | None:
    if not facts.code_fails(situation, root):
        return None
    return Cause(ID, TITLE, "certain", tuple(evidence(situation, root)))


def evidence(situation: Situation, root: Finding) -> Iterator[str]:
    """That it fails from nothing, and where."""
    broken = situation.reference.failure
    if broken is not None:
        at = f" at {broken.migration}" if broken.migration else ""
        said = broken.sqlstate or broken.exception.rpartition(".")[2]
        yield f"from an empty database the same code fails{at} too: {said} {broken.message}"
    file = facts.file_of(situation, root)
    operation = facts.operation_of(situation, root)
    if file is not None and operation is not None:
        number = file.operations.index(operation) + 1
        yield f"operation {number} of {len(file.operations)} in {file.path or file.name}: {operation.text}"
    elif file is not None:
        yield f"in {file.path or file.name}"
