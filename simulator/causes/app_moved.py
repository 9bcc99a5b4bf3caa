"""The app has a new label, or a model of its own for another app's table; rows have the old one."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.causes import facts, words
from simulator.findings import migration_source
from simulator.findings.graph import app_of
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding

ID = "app-moved"
TITLE = "its tables were made under another app's label"


def explain(situation: Situation, root: Finding) -> Cause | None:
    name = facts.name_of(root)
    app = app_of(name)
    if not facts.own_collision(root):
        return None
    if swapped := tuple(_swapped(situation, root)):
        return Cause(ID, TITLE, "certain", (words.no_row(name), *swapped))
    if facts.rows_of_app(situation, app):
        return None
    on_disk = {app_of(other) for other in situation.code.files}
    for old in dict.fromkeys(app_of(row) for row in situation.history.not_on_disk):
        proofs = tuple(_proofs(situation, root, old)) if old not in on_disk else ()
        if proofs:
            rows = facts.unknown_rows(situation, old)
            said = f"{words.listed(rows)} {'is' if len(rows) == 1 else 'are'} recorded, and no app is called {old}"
            nothing = f"django_migrations has no row of {app}"
            return Cause(ID, TITLE, "certain" if len(proofs) > 1 else "likely", (nothing, said, *proofs))
    return None


def _swapped(situation: Situation, root: Finding) -> Iterator[str]:
    """An applied migration of another app that has a model on the same table, and from nothing makes it no more."""
    name, relation = facts.name_of(root), root.failure.relation or ""
    if not situation.reference.complete or facts.maker(situation, relation) != name:
        return
    for file in situation.code.files.values():
        other = app_of(file.name) != app_of(name) and file.name in situation.history.applied
        for operation in file.operations if other else ():
            if operation.kind == "CreateModel" and operation.table == relation:
                yield f"{file.name}, recorded, made {relation} for {operation.model}, a model that is swapped now"


def _proofs(situation: Situation, root: Finding, old: str) -> Iterator[str]:
    """What shows that the new label's migration speaks of the old label's things."""
    name, relation = facts.name_of(root), root.failure.relation or ""
    if relation.startswith(f"{old}_"):
        yield f"{name} makes {relation}, a name from {old}"
    file = facts.file_of(situation, root)
    models = [one.model.partition(".")[2] for one in file.operations if one.model] if file else []
    known = situation.database.content_types or frozenset()
    moved = [model for model in models if f"{old}.{model}" in known and f"{app_of(name)}.{model}" not in known]
    if moved:
        yield f"django_content_type has {old}.{moved[0]}, and no {app_of(name)}.{moved[0]}"
    for row in facts.unknown_rows(situation, old):
        trace = situation.code.git.get(row)
        if trace is not None and migration_source.models(trace.text) & migration_source.models(
            situation.code.texts.get(name)
        ):
            yield f"{words.not_on_disk(row, trace)}; it creates the same models"
            return
