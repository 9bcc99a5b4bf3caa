"""A migration was renamed or renumbered after this database had applied it."""

from __future__ import annotations

from simulator.causes import words
from simulator.findings import migration_source
from simulator.findings.case import Case
from simulator.findings.graph import app_of
from simulator.model import Cause, Confidence

ID = "renumbered"
TITLE = "renamed or renumbered after it was applied"


def explain(case: Case) -> Cause | None:
    name = case.migration
    if not (case.may_be_own_work or case.is_done_already):
        return None
    for row in case.situation.unknown_of_app(app_of(name)):
        trace, text = case.situation.code.git.get(row), case.situation.code.texts.get(name)
        equal = trace is not None and migration_source.same(trace.text, text)
        differs = trace is not None and migration_source.changed(trace.text, text)
        named_so = case.situation.history.renamed.get(row) == name
        if equal or (named_so and not differs):
            sure: Confidence = "certain" if equal else "likely"
            same = f"{name} has the same operations" if equal else f"{name} differs from it only in its number"
            evidence = (words.not_on_disk(row, trace), same, words.no_row(name))
            return Cause(ID, TITLE, sure, (*evidence, *words.effects(name, case.effects)))
    return None
