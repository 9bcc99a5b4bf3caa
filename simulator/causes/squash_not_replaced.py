"""A squash whose file no longer says what it replaces, on a database that never recorded it."""

from __future__ import annotations

from simulator.causes import words
from simulator.findings.case import Case
from simulator.model import Cause
from simulator.wording import listed

ID = "squash-not-replaced"
TITLE = "a squash that no longer says what it replaces"


MARK = "_squashed_"  # squashmigrations calls it 0001_squashed_0004_sku


def explain(case: Case) -> Cause | None:
    file, name = case.file, case.migration
    if file is None or file.replaces or MARK not in name or not case.collides:
        return None
    app, _dot, migration = name.partition(".")
    first, _mark, last = migration.partition(MARK)
    rows = case.situation.unknown_of_app(app)
    if not rows:
        return None
    exact = f"{app}.{last}" in rows or any(row.startswith(f"{app}.{first}_") for row in rows)
    evidence = (
        words.no_row(name),
        f"{listed(rows)} {'is' if len(rows) == 1 else 'are'} recorded and not on disk",
        f"{file.path or name} lists nothing in replaces",
        *words.effects(name, case.effects),
    )
    return Cause(ID, TITLE, "certain" if exact and f"{app}.{last}" in rows else "likely", evidence)
