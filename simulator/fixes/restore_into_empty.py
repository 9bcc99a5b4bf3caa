"""A dump that was restored over another database's tables: restore it into an empty one."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.fixes.route import Mend
from simulator.model import Phase

ID = "restore-into-empty"
TITLE = "Restore into an empty database"


def propose(case: Case) -> Mend | None:
    if case.failure.phase is not Phase.RESTORE or not case.situation.database.restored_over_data:
        return None
    text = "restore the dump into a new, empty database: createdb, then pg_restore --exit-on-error"
    return Mend(ID, TITLE, (case.root.id,), person=text)
