"""Migrations were deleted and made anew under other names; the database has recorded the old ones."""

from __future__ import annotations

from simulator.causes import facts, words
from simulator.findings import migration_source
from simulator.findings.graph import app_of
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding

ID = "regenerated"
TITLE = "migrations were deleted and generated anew"


def explain(situation: Situation, root: Finding) -> Cause | None:
    name = facts.name_of(root)
    app = app_of(name)
    if not facts.own_collision(root):
        return None
    rows = facts.unknown_rows(situation, app)
    if not rows and not facts.rows_of_app(situation, app):
        return _with_its_rows(situation, root)
    first = facts.is_first(situation, root)
    traces = {row: situation.code.git[row] for row in rows if row in situation.code.git}
    deleted = [row for row, trace in traces.items() if trace.deleted_in and not trace.on_refs]
    made_it = [row for row in deleted if facts.makes_it(situation, root, row, traces[row].text)]
    if not rows or not (first or made_it):
        return None
    if traces and not deleted:
        return None  # still on a branch: that is another branch's
    there = facts.tables_of_models(situation)
    old = frozenset().union(*(migration_source.made(traces[row].text, app, there) for row in deleted))
    all_of_it = bool(old) and migration_source.made(situation.code.texts.get(name), app, there) <= old
    evidence = (
        *(words.not_on_disk(row, traces.get(row)) for row in (made_it or rows)[:3]),
        *([f"together they make all that {name} makes"] if all_of_it else []),
        words.no_row(name),
        *words.effects(name, facts.effects_of(situation, root)),
    )
    return Cause(ID, TITLE, "certain" if all_of_it else "likely", evidence)


def _with_its_rows(situation: Situation, root: Finding) -> Cause | None:
    """The history's rows of the app were deleted as well: then the repository tells what the new file was made of."""
    name, app, there = facts.name_of(root), app_of(facts.name_of(root)), facts.tables_of_models(situation)
    new = migration_source.made(situation.code.texts.get(name), app, there)
    old = {
        row: trace
        for row, trace in situation.code.git.items()
        if app_of(row) == app and row not in situation.code.files and trace.deleted_in
        if migration_source.made(trace.text, app, there) and migration_source.made(trace.text, app, there) <= new
    }
    if not old or not facts.is_first(situation, root):
        return None
    evidence = (
        *(f"{row} was deleted in {trace.deleted_in}, and {name} makes all that it made" for row, trace in old.items()),
        f"django_migrations has no row of {app}",
        *words.effects(name, facts.effects_of(situation, root)),
    )
    return Cause(ID, TITLE, "likely", evidence[:6])
