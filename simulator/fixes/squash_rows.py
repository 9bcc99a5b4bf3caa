"""A squash and what it replaces, recorded one without the other: no graph comes of it.

Where the squash itself is recorded, what it replaces is written, too. Where only a part of that is, and the files are
gone, the part is taken back: the squash is then pending like any other, and what it finds there is judged like theirs.
Where migrate passes over both, what is missing is made and the rest recorded.
"""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.fixes.history_rows import insert_row
from simulator.fixes.repair import repair
from simulator.fixes.route import Mend
from simulator.model import MigrationFile, Phase
from simulator.postgres.sql import literal

ID = "squash-rows"
TITLE = "Have the rows of a squash and of what it replaces agree"


def propose(case: Case) -> Mend | None:
    if squash := case.left_out_squash:
        return _completed(case, squash)
    # Where the graph loads all the same, the state of models that it leads to lacks some: a KeyError, in any phase.
    stateless = case.failure.exception.rpartition(".")[2] == "KeyError" and case.situation.reference.complete
    if case.failure.phase not in (Phase.LOAD, Phase.PLAN) and not stateless:
        return None
    known = {row.name for row in case.situation.database.history.rows}
    statements: list[str] = []
    whole: set[str] = set()
    for file in case.situation.code.files.values():
        lacking = [name for name in file.replaces if name not in known]
        if lacking and file.name in known:
            statements += [insert_row(name) for name in lacking]
            whole.add(file.name)
        elif lacking and not case.situation.code.files.keys() & set(file.replaces):
            statements += [delete_row(name) for name in sorted(known.intersection(file.replaces))]
    return (
        Mend(ID, TITLE, (case.root.id,), history=tuple(statements), recorded=frozenset(whole)) if statements else None
    )


def _completed(case: Case, squash: MigrationFile) -> Mend | None:
    """What it would have made and is not there, and the rows of the rest: it then counts as applied."""
    found = repair(case.situation, squash.name)
    if found is None:
        return None
    rest = [name for name in squash.replaces if name not in case.situation.recorded]
    statements = (*found.ran, *found.altered, *map(insert_row, rest))
    return Mend(ID, TITLE, (case.root.id,), history=statements, recorded=frozenset({squash.name, *rest}))


def delete_row(name: str) -> str:
    app, _dot, migration = name.partition(".")
    return f'DELETE FROM "django_migrations" WHERE "app" = {literal(app)} AND "name" = {literal(migration)}'
