"""Run a migration of another app before the one that needs what it makes, and that does not depend on it."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.findings import migration_source, order
from simulator.findings.case import Case
from simulator.fixes.route import Mend
from simulator.wording import some

ID = "migrate-first"
TITLE = "Run first what the migration needs and does not depend on"


def propose(case: Case) -> Mend | None:
    """One trial whatever the number of candidates: all of them first, then the rest."""
    first = order.may_come_first(case)
    if not first:
        return None
    return Mend(ID, TITLE, (case.root.id,), run=frozenset(first), note=_note(case, first))


def _note(case: Case, first: Sequence[str]) -> str:
    lines = ", ".join('("{}", "{}")'.format(*name.split(".", 1)) for name in first)
    path = case.file.path if case.file and case.file.path else case.migration
    one = "" if len(first) == 1 else " (whichever of them it needs)"
    note = f"{case.migration} needs {some(first)} and does not say so: add dependencies = [{lines}]{one} to {path}"
    if order.makes_it_later(case) and migration_source.imported_models(case.situation.code.texts.get(case.migration)):
        note += ", and take the models from apps.get_model, not by import"
    return note
