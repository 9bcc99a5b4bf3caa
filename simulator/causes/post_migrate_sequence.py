"""After the migrations Django writes content types and permissions, and their numbers are in use."""

from __future__ import annotations

from simulator.causes import sequence_behind
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding, Phase
from simulator.postgres.sqlstate import UNIQUE_VIOLATION

ID = "post-migrate-sequence"
TITLE = "a sequence is behind its rows: content types or permissions"


def explain(situation: Situation, root: Finding) -> Cause | None:
    failure = root.failure
    if failure.phase is not Phase.POST_MIGRATE or failure.sqlstate != UNIQUE_VIOLATION:
        return None
    behind = tuple(sequence_behind.sentences(situation, root))
    after = "all migrations were applied and recorded before this"
    return Cause(ID, TITLE, "certain" if behind else "possible", (*behind, after))
