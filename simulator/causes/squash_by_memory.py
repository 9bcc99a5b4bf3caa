"""A squash is recorded, what it replaces is not, and the file still says that it replaces it."""

from __future__ import annotations

from collections.abc import Iterable

from simulator.findings.case import Case
from simulator.model import Cause, MigrationFile, Phase
from simulator.wording import listed

ID = "squash-by-memory"
TITLE = "a squash is recorded without what it replaces"


def explain(case: Case) -> Cause | None:
    """Django takes a squash for applied only where every migration that it replaces is recorded."""
    known = case.situation.recorded
    for file in _asked(case):
        lacking = [one for one in file.replaces if one not in known]
        if lacking and file.name in known:
            said = f"django_migrations has a row for {file.name}, and none for {listed(lacking)}"
            return Cause(ID, TITLE, "certain", (said, f"{file.path or file.name} still lists them in replaces"))
    return None


def _asked(case: Case) -> Iterable[MigrationFile]:
    """The root's own; where migrate can't even make its plan, or its state of models, any."""
    stateless = case.failure.exception.rpartition(".")[2] == "KeyError"
    if stateless or case.failure.phase in (Phase.LOAD, Phase.PLAN):
        return case.situation.code.files.values() if case.situation.reference.complete else ()
    file = case.file
    return [file] if file is not None and case.in_migration else ()
