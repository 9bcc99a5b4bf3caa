"""A migration was renamed or renumbered after this database had applied it."""

from __future__ import annotations

from simulator.causes import facts, words
from simulator.findings import migration_source
from simulator.findings.graph import app_of
from simulator.findings.situation import Situation
from simulator.model import Cause, Confidence, Finding

ID = "renumbered"
TITLE = "renamed or renumbered after it was applied"


def explain(situation: Situation, root: Finding) -> Cause | None:
    name = facts.name_of(root)
    if not (facts.own_collision(root) or facts.done_already(situation, root)):
        return None
    for row in facts.unknown_rows(situation, app_of(name)):
        trace, text = situation.code.git.get(row), situation.code.texts.get(name)
        equal = trace is not None and migration_source.same(trace.text, text)
        differs = trace is not None and migration_source.changed(trace.text, text)
        named_so = situation.history.renamed.get(row) == name
        if equal or (named_so and not differs):
            sure: Confidence = "certain" if equal else "likely"
            same = f"{name} has the same operations" if equal else f"{name} differs from it only in its number"
            evidence = (words.not_on_disk(row, trace), same, words.no_row(name))
            return Cause(ID, TITLE, sure, (*evidence, *words.effects(name, facts.effects_of(situation, root))))
    return None
