"""A rename in the code left an index under the name that Django now makes up again."""

from __future__ import annotations

from simulator.causes import code, facts
from simulator.findings.graph import ancestors
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding
from simulator.postgres.sqlstate import DUPLICATE_TABLE

ID = "leftover-names"
TITLE = "a rename left the old hashed names behind"


RENAMES = ("RenameField", "RenameModel", "AlterModelTable")


def explain(situation: Situation, root: Finding) -> Cause | None:
    """Django renames columns and tables, and leaves the names that it made up from them."""
    failure = root.failure
    if failure.sqlstate != DUPLICATE_TABLE or not facts.hashed(failure.relation or ""):
        return None
    if not facts.code_fails(situation, root):
        return None
    name = facts.name_of(root)
    above = (*sorted(ancestors(name, situation.code.files)), name)
    renames = [
        f"{other}: {operation.text}"
        for other in above
        for operation in (situation.code.files[other].operations if other in situation.code.files else ())
        if operation.kind in RENAMES
    ]
    if not renames:
        return None
    kept = f"{failure.relation} is a name that Django made up, and a rename keeps it ({renames[-1]})"
    return Cause(ID, TITLE, "certain", (kept, *code.evidence(situation, root)))
