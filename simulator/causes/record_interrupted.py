"""The migration ran, and was ended before its row was written."""

from __future__ import annotations

from simulator.causes import facts, words
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding

ID = "record-interrupted"
TITLE = "ended before its row was written"


def explain(situation: Situation, root: Finding) -> Cause | None:
    """One migration can be ended so, and no row is deleted by that."""
    name = facts.name_of(root)
    if not facts.done_already(situation, root) or facts.content_types(situation, name):
        return None
    if not facts.never_deleted(situation.database.history) or not facts.may_be_interrupted(situation, name):
        return None
    others = [one for one in facts.in_effect(situation) if one != name and facts.content_types(situation, one) is False]
    if others or facts.signs_of_hand(situation, root):
        return None
    there, wanted = facts.hashed_names(situation, name)
    evidence = (
        words.no_row(name),
        words.numbers(situation.database.history),
        words.content_types(situation, name),
        "its row is written in a transaction of its own, after its changes are committed",
        *words.effects(name, facts.effects_of(situation, root)),
    )
    return Cause(ID, TITLE, "likely" if there == wanted else "possible", tuple(filter(None, evidence)))
