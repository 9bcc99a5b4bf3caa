"""Views that read from what the migration changes: away with them, migrate, and there again as they were."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.findings.case import Case
from simulator.findings.situation import Situation
from simulator.fixes.route import Mend
from simulator.model import Fact
from simulator.postgres import ddl
from simulator.postgres.catalog import key
from simulator.postgres.sqlstate import DEPENDENT_OBJECTS_STILL_EXIST, FEATURE_NOT_SUPPORTED
from simulator.wording import listed

ID = "remake-views"
TITLE = "Drop the views that read from the table, migrate, and make them again"
# dependent_objects_still_exist; feature_not_supported: the type of a column that a view uses.
STATES = (DEPENDENT_OBJECTS_STILL_EXIST, FEATURE_NOT_SUPPORTED)


def propose(case: Case) -> Mend | None:
    """With the views that read from those views. What can't be made again shows in the trial."""
    relation = case.failure.table_name or case.failure.relation
    if case.failure.sqlstate not in STATES or relation is None:
        return None
    found = list(ddl.reading(relation, case.situation.database.catalog))
    drops = [text for view in reversed(found) if (text := ddl.drop(view))]
    if not found or len(drops) < len(found):
        return None
    parts = [fact for view in found for fact in case.situation.database.catalog.of(view.schema, view.relation)]
    made = ddl.create(parts)
    if made.impossible:
        return None
    beside = (text for part in parts for text in case.situation.database.beside.get(key(part), ()))
    after = (*made.statements, *beside, *_owners(found, case.situation))
    names = listed(f"{view.schema}.{view.relation}" for view in found)
    note = f"grants on {names} have to be given again" if case.situation.database.superuser else ""
    return Mend(ID, TITLE, (case.root.id,), clear=tuple(drops), after=after, note=note)


def _owners(views: list[Fact], situation: Situation) -> Iterator[str]:
    """To whom they belonged, where somebody else makes them."""
    for view in views:
        owner = situation.database.owners.get(f"{view.schema}.{view.relation}")
        if owner and owner != situation.database.role:
            kind = ddl.RELATIONS[view.definition[0]]
            yield f"ALTER {kind} {ddl.qualified(view.schema, view.relation)} OWNER TO {ddl.quote(owner)}"
