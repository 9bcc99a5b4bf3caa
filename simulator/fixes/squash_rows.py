"""A squash that is recorded in part, its originals gone: no graph comes of it. Take that part back. Pure.

The squash is then pending like any other, and what it finds there is judged like any other's.
"""

from __future__ import annotations

from simulator.model import Finding, Phase
from simulator.route import Mend
from simulator.situation import Situation
from simulator.sql import literal

ID = "squash-rows"
TITLE = "Take back the rows of a squash that is recorded in part"


def propose(situation: Situation, root: Finding) -> Mend | None:
    if root.failure.phase is not Phase.LOAD:
        return None
    recorded = {row.name for row in situation.table.rows}
    statements = []
    for file in situation.files.values():
        rows = sorted(recorded.intersection(file.replaces))
        if rows and not recorded.issuperset(file.replaces) and not situation.files.keys() & set(file.replaces):
            statements += [delete_row(name) for name in rows]
    return Mend(ID, TITLE, (root.id,), history=tuple(statements)) if statements else None


def delete_row(name: str) -> str:
    app, _dot, migration = name.partition(".")
    return f'DELETE FROM "django_migrations" WHERE "app" = {literal(app)} AND "name" = {literal(migration)}'
