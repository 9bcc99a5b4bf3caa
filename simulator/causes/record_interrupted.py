"""The migration ran, and was ended before its row was written."""

from __future__ import annotations

from simulator.causes import words
from simulator.findings import origins
from simulator.findings.case import Case
from simulator.model import Cause

ID = "record-interrupted"
TITLE = "ended before its row was written"


def explain(case: Case) -> Cause | None:
    """One migration can be ended so, and no row is deleted by that."""
    name = case.migration
    if not case.is_done_already or origins.content_types(case.situation, name):
        return None
    if case.situation.database.history.missing_ids != 0 or not origins.may_be_interrupted(case.situation, name):
        return None
    others = [
        one for one in case.situation.in_effect if one != name and origins.content_types(case.situation, one) is False
    ]
    if others or origins.signs_of_manual_change(case):
        return None
    there, wanted = origins.hashed_names(case.situation, name)
    evidence = (
        words.no_row(name),
        words.numbers(case.situation.database.history),
        words.content_types(case.situation, name),
        "its row is written in a transaction of its own, after its changes are committed",
        *words.effects(name, case.effects),
    )
    return Cause(ID, TITLE, "likely" if there == wanted else "possible", tuple(filter(None, evidence)))
