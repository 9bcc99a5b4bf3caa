"""A dump that was restored over another database's tables: restore it into an empty one."""

from __future__ import annotations

from simulator.findings.situation import Situation
from simulator.fixes.route import Mend
from simulator.model import Finding, Phase

ID = "restore-into-empty"
TITLE = "Restore into an empty database"


def propose(situation: Situation, root: Finding) -> Mend | None:
    if root.failure.phase is not Phase.RESTORE or not situation.database.restored_over_data:
        return None
    text = "restore the dump into a new, empty database: createdb, then pg_restore --exit-on-error"
    return Mend(ID, TITLE, (root.id,), person=text)
