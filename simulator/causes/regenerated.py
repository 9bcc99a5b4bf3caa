"""Migrations were deleted and made anew under other names; the database has recorded the old ones."""

from __future__ import annotations

from simulator.causes import words
from simulator.findings import migration_source
from simulator.findings.case import Case
from simulator.findings.graph import app_of
from simulator.model import Cause

ID = "regenerated"
TITLE = "migrations were deleted and generated anew"


def explain(case: Case) -> Cause | None:
    name = case.migration
    app = app_of(name)
    if not case.may_be_own_work:
        return None
    rows = case.situation.unknown_of_app(app)
    if not rows and not case.situation.recorded_of_app(app):
        return _with_its_rows(case)
    first = case.is_first_of_app
    traces = {row: case.situation.code.git[row] for row in rows if row in case.situation.code.git}
    deleted = [row for row, trace in traces.items() if trace.deleted_in and not trace.on_refs]
    made_it = [row for row in deleted if case.is_made_by(row, traces[row].text)]
    if not rows or not (first or made_it):
        return None
    if traces and not deleted:
        return None  # still on a branch: that is another branch's
    there = case.situation.tables_of_models
    old = frozenset().union(*(migration_source.made(traces[row].text, app, there) for row in deleted))
    all_of_it = bool(old) and migration_source.made(case.situation.code.texts.get(name), app, there) <= old
    evidence = (
        *(words.not_on_disk(row, traces.get(row)) for row in (made_it or rows)[:3]),
        *([f"together they make all that {name} makes"] if all_of_it else []),
        words.no_row(name),
        *words.effects(name, case.effects),
    )
    return Cause(ID, TITLE, "certain" if all_of_it else "likely", evidence)


def _with_its_rows(case: Case) -> Cause | None:
    """The history's rows of the app were deleted as well: then the repository tells what the new file was made of."""
    name, app, there = case.migration, app_of(case.migration), case.situation.tables_of_models
    new = migration_source.made(case.situation.code.texts.get(name), app, there)
    old = {
        row: trace
        for row, trace in case.situation.code.git.items()
        if app_of(row) == app and row not in case.situation.code.files and trace.deleted_in
        if migration_source.made(trace.text, app, there) and migration_source.made(trace.text, app, there) <= new
    }
    if not old or not case.is_first_of_app:
        return None
    evidence = (
        *(f"{row} was deleted in {trace.deleted_in}, and {name} makes all that it made" for row, trace in old.items()),
        f"django_migrations has no row of {app}",
        *words.effects(name, case.effects),
    )
    return Cause(ID, TITLE, "likely", evidence[:6])
