"""A migration that is recorded under another name has made the same."""

from __future__ import annotations

from simulator.causes import words
from simulator.findings import migration_source
from simulator.findings.case import Case
from simulator.findings.graph import app_of
from simulator.model import Cause

ID = "same-ddl"
TITLE = "applied under another name"


def explain(case: Case) -> Cause | None:
    """Such as one that a release branch got first, and the trunk in another file."""
    name = case.migration
    if not (case.may_be_own_work or case.is_done_already) or case.is_first_of_app:
        return None
    text = case.situation.code.texts.get(name)
    for row in case.situation.unknown_of_app(app_of(name)):
        trace = case.situation.code.git.get(row)
        if trace is not None and migration_source.contains(trace.text, text):
            said = f"all operations of {name} are among its own"
            return Cause(ID, TITLE, "certain", (words.not_on_disk(row, trace), said, words.no_row(name)))
    return None
