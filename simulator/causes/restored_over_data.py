"""A dump that was restored over what another database held."""

from __future__ import annotations

from simulator.causes import words
from simulator.findings.case import Case
from simulator.model import Cause, Phase

ID = "restored-over-data"
TITLE = "restored over a database that was not empty"


def explain(case: Case) -> Cause | None:
    if not case.situation.database.restored_over_data or case.code_fails:
        return None
    if case.failure.phase is Phase.RESTORE:
        what = f" on {case.failure.relation}" if case.failure.relation else ""
        met = f"the restore itself met {case.failure.sqlstate or case.failure.exception}{what}"
        return Cause(ID, TITLE, "certain", ("the database was not empty before the restore", met))
    if not case.collides:
        return None
    name = case.migration
    evidence = ("the database was not empty before the restore", *words.standing(case.root), words.no_row(name))
    return Cause(ID, TITLE, "likely", evidence)
