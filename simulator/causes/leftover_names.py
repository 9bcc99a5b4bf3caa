"""A rename in the code left an index under the name that Django now makes up again."""

from __future__ import annotations

from simulator.causes import code
from simulator.findings import origins
from simulator.findings.case import Case
from simulator.findings.graph import ancestors
from simulator.model import Cause
from simulator.postgres.sqlstate import DUPLICATE_TABLE

ID = "leftover-names"
TITLE = "a rename left the old hashed names behind"


RENAMES = ("RenameField", "RenameModel", "AlterModelTable")


def explain(case: Case) -> Cause | None:
    """Django renames columns and tables, and leaves the names that it made up from them."""
    failure = case.failure
    if failure.sqlstate != DUPLICATE_TABLE or not origins.hashed(failure.relation or ""):
        return None
    if not case.code_fails:
        return None
    name = case.migration
    above = (*sorted(ancestors(name, case.situation.code.files)), name)
    renames = [
        f"{other}: {operation.text}"
        for other in above
        for operation in (case.situation.code.files[other].operations if other in case.situation.code.files else ())
        if operation.kind in RENAMES
    ]
    if not renames:
        return None
    kept = f"{failure.relation} is a name that Django made up, and a rename keeps it ({renames[-1]})"
    return Cause(ID, TITLE, "certain", (kept, *code.evidence(case)))
