"""A squash is recorded, what it replaces is not, and the file still says that it replaces it."""

from __future__ import annotations

from collections.abc import Iterable

from simulator.causes import facts, words
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding, MigrationFile, Phase

ID = "squash-by-memory"
TITLE = "a squash is recorded without what it replaces"


def explain(situation: Situation, root: Finding) -> Cause | None:
    """Django takes a squash for applied only where every migration that it replaces is recorded."""
    known = facts.recorded(situation)
    for file in _asked(situation, root):
        lacking = [one for one in file.replaces if one not in known]
        if lacking and file.name in known:
            said = f"django_migrations has a row for {file.name}, and none for {words.listed(lacking)}"
            return Cause(ID, TITLE, "certain", (said, f"{file.path or file.name} still lists them in replaces"))
    return None


def _asked(situation: Situation, root: Finding) -> Iterable[MigrationFile]:
    """The root's own; where migrate can't even make its plan, or its state of models, any."""
    stateless = root.failure.exception.rpartition(".")[2] == "KeyError"
    if stateless or root.failure.phase in (Phase.LOAD, Phase.PLAN):
        return situation.code.files.values() if situation.reference.complete else ()
    file = facts.file_of(situation, root)
    return [file] if file is not None and facts.in_migration(root) else ()
