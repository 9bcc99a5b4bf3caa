"""A column that has a rename's new name and holds the same values as the one to be renamed."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.fixes.route import Mend
from simulator.model import Fact
from simulator.postgres import ddl
from simulator.postgres.definition import alike
from simulator.postgres.sqlstate import DUPLICATE_COLUMN

ID = "drop-copy"
TITLE = "Drop the column that is a copy, once every row has shown that, then migrate"


def propose(case: Case) -> Mend | None:
    """Not in tier schema: nothing is known of rows there. The step looks by itself, wherever it runs."""
    effects = case.situation.effects.get(case.migration)
    taken = [fact for fact in case.holders if fact.kind == "column"]
    if (
        case.failure.sqlstate != DUPLICATE_COLUMN
        or effects is None
        or case.situation.database.tier == "schema"
        or len(taken) != 1
    ):
        return None
    copy = taken[0]
    if case.situation.has_own_triggers(copy):
        return None
    renamed = [fact for fact in effects.still if _may_become(fact, copy)]
    if len(renamed) != 1 or copy not in effects.present | {standing for standing, _wanted in effects.different}:
        return None
    differ = f"{ddl.quote(renamed[0].name)} IS DISTINCT FROM {ddl.quote(copy.name)}"
    said = f"{copy.relation}.{copy.name} is no copy of {renamed[0].name}"
    return Mend(ID, TITLE, (case.root.id,), clear=(ddl.drop_column(copy, differ, said),))


def _may_become(column: Fact, copy: Fact) -> bool:
    same_place = (column.kind, column.schema, column.relation) == (copy.kind, copy.schema, copy.relation)
    return same_place and column.definition[0] == copy.definition[0] and alike(column, copy._replace(name=column.name))
