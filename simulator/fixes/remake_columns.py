"""Generated columns are computed from the column that changes: dropped before, and there again after, as they were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simulator.findings.case import Case
from simulator.fixes.route import Mend
from simulator.model import Fact
from simulator.postgres import ddl
from simulator.postgres.catalog import Catalog, key
from simulator.postgres.definition import words
from simulator.postgres.sqlstate import FEATURE_NOT_SUPPORTED
from simulator.wording import listed

ID = "remake-columns"
TITLE = "Drop the generated columns that use the column, migrate, and add them again"


def propose(case: Case) -> Mend | None:
    """With the indexes and constraints on them. What else depends on one stops the drop, which the trial shows."""
    columns = case.computed_columns
    if case.failure.sqlstate != FEATURE_NOT_SUPPORTED or not columns or case.hooks:
        return None
    standing = case.situation.database.catalog
    parts = list(_parts(columns, standing))
    place = (columns[0].schema, columns[0].relation)
    again = ddl.alter(Catalog(standing.facts - set(parts)), standing, *place)
    if again.impossible:
        return None
    drops = tuple(f"ALTER TABLE {ddl.qualified(*place)} DROP COLUMN {ddl.quote(one.name)}" for one in columns)
    beside = (text for part in parts for text in case.situation.database.beside.get(key(part), ()))
    note = (
        f"adding {listed(one.name for one in columns)} again rewrites {place[1]}, and puts it behind the other columns"
    )
    return Mend(ID, TITLE, (case.root.id,), clear=drops, after=(*again.statements, *beside), note=note)


def _parts(columns: Iterable[Fact], standing: Catalog) -> Iterator[Fact]:
    """The columns, and what PostgreSQL drops with them."""
    for column in columns:
        yield column
        for fact in standing.of(column.schema, column.relation):
            if fact.kind in ("index", "constraint") and column.name in words(fact):
                yield fact
