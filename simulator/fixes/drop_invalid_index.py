"""Drop an INVALID index that a concurrent build left, and have migrate build it."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.fixes.route import Mend
from simulator.postgres import ddl

ID = "drop-invalid-index"
TITLE = "Drop the INVALID index and let migrate build it"


def propose(case: Case) -> Mend | None:
    if case.root.existing is None or case.root.existing.valid:
        return None
    statements = [ddl.drop(fact) for fact in case.holders if "INVALID" in fact.definition]
    return Mend(ID, TITLE, (case.root.id,), clear=tuple(filter(None, statements)))
