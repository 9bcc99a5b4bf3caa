"""After the migrations Django writes content types and permissions, and their table is gone."""

from __future__ import annotations

from simulator.causes import missing_table
from simulator.findings.case import Case
from simulator.model import Cause, Phase
from simulator.postgres.sqlstate import UNDEFINED_TABLE

ID = "post-migrate-missing-table"
TITLE = "a table of Django's own is missing: content types or permissions"


def explain(case: Case) -> Cause | None:
    failure = case.failure
    if failure.phase is not Phase.POST_MIGRATE or failure.sqlstate != UNDEFINED_TABLE:
        return None
    evidence = (
        *missing_table.sentences(case.situation, failure.relation or ""),
        "it is looked for after all migrations",
    )
    return Cause(ID, TITLE, "certain" if len(evidence) > 2 else "likely", evidence)
