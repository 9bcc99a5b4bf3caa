"""A type, function or operator class that an extension brings: who runs the server has to install it. Pure."""

from __future__ import annotations

from simulator import ddl
from simulator.model import Finding
from simulator.route import Mend
from simulator.situation import Situation

ID = "install-extension"
TITLE = "Install what the server lacks"
STATES = ("42704", "42883")


def propose(situation: Situation, root: Finding) -> Mend | None:
    """Where the code makes it from nothing, the database may still lack it; a constraint's 42704 names its table."""
    failure = root.failure
    if failure.sqlstate not in STATES or failure.constraint_name:
        return None
    wanted = [fact for fact in situation.reference.final if fact.kind == "extension"]
    lacking = ddl.create(fact for fact in wanted if situation.baseline.like(fact) is None).statements
    what = "; ".join(lacking) or f"see which extension brings it: {failure.message}"
    return Mend(ID, TITLE, (root.id,), person=f"as a superuser: {what}")
