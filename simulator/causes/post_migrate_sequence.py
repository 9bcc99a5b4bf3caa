"""After the migrations Django writes content types and permissions, and their numbers are in use."""

from __future__ import annotations

from simulator.causes import sequence_behind
from simulator.findings.case import Case
from simulator.model import Cause, Phase
from simulator.postgres.sqlstate import UNIQUE_VIOLATION

ID = "post-migrate-sequence"
TITLE = "a sequence is behind its rows: content types or permissions"


def explain(case: Case) -> Cause | None:
    failure = case.failure
    if failure.phase is not Phase.POST_MIGRATE or failure.sqlstate != UNIQUE_VIOLATION:
        return None
    behind = tuple(sequence_behind.sentences(case))
    after = "all migrations were applied and recorded before this"
    return Cause(ID, TITLE, "certain" if behind else "possible", (*behind, after))
