"""The new name of a rename is taken; both the old and the new stand there."""

from __future__ import annotations

import re

from simulator.causes import words
from simulator.findings.case import Case
from simulator.model import Cause

ID = "rename-target"
TITLE = "the new name of a rename is taken"


KINDS = ("RenameModel", "RenameField", "RenameIndex", "AlterModelTable")
_RENAMES = re.compile(r"\AALTER\s+\w+\b.*\bRENAME\b", re.IGNORECASE | re.DOTALL)


def explain(case: Case) -> Cause | None:
    if not case.collides or case.code_fails:
        return None
    operation = case.operation
    if case.failure.sql:
        renames = bool(_RENAMES.match(case.failure.sql.lstrip()))
    else:
        renames = operation is not None and operation.kind in KINDS
    if not renames:
        return None
    what = f"{case.migration} renames ({operation.text})" if operation else f"{case.migration} renames"
    return Cause(ID, TITLE, "certain", (what, *words.standing(case.root)))
