"""The app has a new label, or a model of its own for another app's table; rows have the old one."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.causes import words
from simulator.findings import migration_source
from simulator.findings.case import Case
from simulator.findings.graph import app_of
from simulator.model import Cause
from simulator.wording import listed

ID = "app-moved"
TITLE = "its tables were made under another app's label"


def explain(case: Case) -> Cause | None:
    name = case.migration
    app = app_of(name)
    if not case.may_be_own_work:
        return None
    if swapped := tuple(_swapped(case)):
        return Cause(ID, TITLE, "certain", (words.no_row(name), *swapped))
    if case.situation.recorded_of_app(app):
        return None
    on_disk = {app_of(other) for other in case.situation.code.files}
    for old in dict.fromkeys(app_of(row) for row in case.situation.history.not_on_disk):
        proofs = tuple(_proofs(case, old)) if old not in on_disk else ()
        if proofs:
            rows = case.situation.unknown_of_app(old)
            said = f"{listed(rows)} {'is' if len(rows) == 1 else 'are'} recorded, and no app is called {old}"
            nothing = f"django_migrations has no row of {app}"
            return Cause(ID, TITLE, "certain" if len(proofs) > 1 else "likely", (nothing, said, *proofs))
    return None


def _swapped(case: Case) -> Iterator[str]:
    """An applied migration of another app that has a model on the same table, and from nothing makes it no more."""
    name, relation = case.migration, case.failure.relation or ""
    if not case.situation.reference.complete or case.situation.maker(relation) != name:
        return
    for file in case.situation.code.files.values():
        other = app_of(file.name) != app_of(name) and file.name in case.situation.history.applied
        for operation in file.operations if other else ():
            if operation.kind == "CreateModel" and operation.table == relation:
                yield f"{file.name}, recorded, made {relation} for {operation.model}, a model that is swapped now"


def _proofs(case: Case, old: str) -> Iterator[str]:
    """What shows that the new label's migration speaks of the old label's things."""
    name, relation = case.migration, case.failure.relation or ""
    if relation.startswith(f"{old}_"):
        yield f"{name} makes {relation}, a name from {old}"
    file = case.file
    models = [one.model.partition(".")[2] for one in file.operations if one.model] if file else []
    known = case.situation.database.content_types or frozenset()
    moved = [model for model in models if f"{old}.{model}" in known and f"{app_of(name)}.{model}" not in known]
    if moved:
        yield f"django_content_type has {old}.{moved[0]}, and no {app_of(name)}.{moved[0]}"
    for row in case.situation.unknown_of_app(old):
        trace = case.situation.code.git.get(row)
        if trace is not None and migration_source.models(trace.text) & migration_source.models(
            case.situation.code.texts.get(name)
        ):
            yield f"{words.not_on_disk(row, trace)}; it creates the same models"
            return
