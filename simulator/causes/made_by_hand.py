"""What stands there was made outside of migrations: by hand, by another program, before Django."""

from __future__ import annotations

from simulator.causes import words
from simulator.findings import origins
from simulator.findings.case import Case
from simulator.model import Cause

ID = "made-by-hand"
TITLE = "made by hand, or by something else than migrations"


def explain(case: Case) -> Cause | None:
    name = case.migration
    if case.root.existing is None or not case.may_be_own_work or case.effects is None:
        return None
    signs = origins.signs_of_manual_change(case)
    untouched = case.situation.database.history.missing_ids == 0
    is_table = case.root.existing.table_name is None
    if not (signs or untouched or is_table):
        return None
    there, _wanted = origins.hashed_names(case.situation, name)
    evidence = (
        *signs,
        words.no_row(name),
        words.numbers(case.situation.database.history) if untouched else None,
        words.content_types(case.situation, name) if origins.content_types(case.situation, name) is False else None,
    )
    sure = signs or (untouched and not there)
    return Cause(ID, TITLE, "likely" if sure else "possible", tuple(filter(None, evidence)))
