"""A migration that is recorded under another name has made the same."""

from __future__ import annotations

from simulator.causes import facts, words
from simulator.findings import migration_source
from simulator.findings.graph import app_of
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding

ID = "same-ddl"
TITLE = "applied under another name"


def explain(situation: Situation, root: Finding) -> Cause | None:
    """Such as one that a release branch got first, and the trunk in another file."""
    name = facts.name_of(root)
    if not (facts.own_collision(root) or facts.done_already(situation, root)) or facts.is_first(situation, root):
        return None
    text = situation.code.texts.get(name)
    for row in facts.unknown_rows(situation, app_of(name)):
        trace = situation.code.git.get(row)
        if trace is not None and migration_source.contains(trace.text, text):
            said = f"all operations of {name} are among its own"
            return Cause(ID, TITLE, "certain", (words.not_on_disk(row, trace), said, words.no_row(name)))
    return None
