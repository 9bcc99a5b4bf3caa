"""What stands there was made outside of migrations: by hand, by another program, before Django."""

from __future__ import annotations

from simulator.causes import facts, words
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding

ID = "made-by-hand"
TITLE = "made by hand, or by something else than migrations"


def explain(situation: Situation, root: Finding) -> Cause | None:
    name = facts.name_of(root)
    if root.existing is None or not facts.own_collision(root) or facts.effects_of(situation, root) is None:
        return None
    signs = facts.signs_of_hand(situation, root)
    untouched = facts.never_deleted(situation.database.history)
    is_table = root.existing.table_name is None
    if not (signs or untouched or is_table):
        return None
    there, _wanted = facts.hashed_names(situation, name)
    evidence = (
        *signs,
        words.no_row(name),
        words.numbers(situation.database.history) if untouched else None,
        words.content_types(situation, name) if facts.content_types(situation, name) is False else None,
    )
    sure = signs or (untouched and not there)
    return Cause(ID, TITLE, "likely" if sure else "possible", tuple(filter(None, evidence)))
