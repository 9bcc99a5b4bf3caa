"""The new name of a rename is taken; both the old and the new stand there."""

from __future__ import annotations

import re

from simulator.causes import facts, words
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding

ID = "rename-target"
TITLE = "the new name of a rename is taken"


KINDS = ("RenameModel", "RenameField", "RenameIndex", "AlterModelTable")
_RENAMES = re.compile(r"\AALTER\s+\w+\b.*\bRENAME\b", re.IGNORECASE | re.DOTALL)


def explain(situation: Situation, root: Finding) -> Cause | None:
    if not facts.collides(root) or facts.code_fails(situation, root):
        return None
    operation = facts.operation_of(situation, root)
    if root.failure.sql:
        renames = bool(_RENAMES.match(root.failure.sql.lstrip()))
    else:
        renames = operation is not None and operation.kind in KINDS
    if not renames:
        return None
    what = f"{facts.name_of(root)} renames ({operation.text})" if operation else f"{facts.name_of(root)} renames"
    return Cause(ID, TITLE, "certain", (what, *words.standing(root)))
