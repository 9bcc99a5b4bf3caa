"""Migrations of other apps that come later in the plan, and that what failed may need first: no dependency says so."""

from __future__ import annotations

import re

from simulator.findings import migration_source
from simulator.findings.case import Case
from simulator.findings.graph import ancestors, app_of
from simulator.findings.situation import Situation
from simulator.model import Phase
from simulator.postgres.sqlstate import (
    CHECK_VIOLATION,
    FOREIGN_KEY_VIOLATION,
    NOT_NULL_VIOLATION,
    RAISE_EXCEPTION,
)

# What rows that are missing, or not filled yet, are refused by; the schema editor's own statements as well as code.
_OF_ROWS = (FOREIGN_KEY_VIOLATION, NOT_NULL_VIOLATION, CHECK_VIOLATION)
# Of the candidates that write rows, so many are run first, the first in the plan: one trial tries them all.
MOST = 4
_REFERENCES = re.compile(r'\bREFERENCES\s+(?:"?\w+"?\.)?"?(?P<table>\w+)"?', re.IGNORECASE)
_WORD = re.compile(r"\w+")


def makes_it_later(case: Case) -> str | None:
    """The migration of another app, later in the plan, that makes the table or column which code asked for."""
    maker = case.made_later
    return maker if maker in _movable(case) else None


def may_come_first(case: Case) -> tuple[str, ...]:
    """Migrations to try to run before the one that failed, in the plan's order; () where none has to do with it."""
    if maker := makes_it_later(case):
        return (maker,)
    if case.failure.phase not in (Phase.OPERATION, Phase.DEFERRED) or not case.situation.reference.complete:
        return ()
    runs_code = case.operation is not None and case.operation.runs_code
    state = case.failure.sqlstate
    if not (state in _OF_ROWS or (runs_code and state in (None, RAISE_EXCEPTION))):
        return ()
    situation, needed = case.situation, _needed(case, runs_code)
    writing = (name for name in _movable(case) if situation.does_more(name) and needed & used(situation, name))
    return tuple(writing)[:MOST]


def used(situation: Situation, name: str) -> frozenset[str]:
    """The tables that code of that migration works with: by get_model, or by their name in its source."""
    text, tables = situation.code.texts.get(name) or "", situation.tables_of_models
    asked = (tables.get(model, model.replace(".", "_", 1)) for model in migration_source.models_asked_for(text))
    return frozenset(asked) | (frozenset(_WORD.findall(text)) & frozenset(tables.values()))


def _movable(case: Case) -> tuple[str, ...]:
    """Of other apps, later in the plan, and neither stands on the other."""
    situation, name = case.situation, case.migration
    if name not in situation.pending:
        return ()
    files = situation.code.files
    later = situation.pending[situation.pending.index(name) + 1 :]
    return tuple(one for one in later if app_of(one) != app_of(name) and name not in ancestors(one, files))


def _needed(case: Case, runs_code: bool) -> frozenset[str]:
    """The tables whose rows it may lack: the one that refused, what it points to, what its code works with."""
    failure, situation = case.failure, case.situation
    found = {failure.relation or "", failure.table_name or ""}
    wanted = situation.reference.after.get(case.migration)
    for fact in wanted.facts if wanted else ():
        if fact.kind == "constraint" and fact.name == failure.constraint_name and fact.relation in found:
            found |= {match["table"] for match in _REFERENCES.finditer(" ".join(fact.definition))}
            break
    for fact in situation.database.catalog:  # a constraint that stood there before
        if fact.kind == "constraint" and fact.name == failure.constraint_name and fact.relation in found:
            found |= {match["table"] for match in _REFERENCES.finditer(" ".join(fact.definition))}
    return frozenset(found - {""}) | (used(situation, case.migration) if runs_code else frozenset())
