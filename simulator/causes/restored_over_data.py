"""A dump that was restored over what another database held."""

from __future__ import annotations

from simulator.causes import facts, words
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding, Phase

ID = "restored-over-data"
TITLE = "restored over a database that was not empty"


def explain(situation: Situation, root: Finding) -> Cause | None:
    if not situation.database.restored_over_data or facts.code_fails(situation, root):
        return None
    if root.failure.phase is Phase.RESTORE:
        what = f" on {root.failure.relation}" if root.failure.relation else ""
        met = f"the restore itself met {root.failure.sqlstate or root.failure.exception}{what}"
        return Cause(ID, TITLE, "certain", ("the database was not empty before the restore", met))
    if not facts.collides(root):
        return None
    name = facts.name_of(root)
    evidence = ("the database was not empty before the restore", *words.standing(root), words.no_row(name))
    return Cause(ID, TITLE, "likely", evidence)
