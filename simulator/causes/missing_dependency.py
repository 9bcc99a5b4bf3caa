"""A migration needs what one of another app makes, which comes later in the plan: no dependency orders the two."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.findings import migration_source, order
from simulator.findings.case import Case
from simulator.model import Cause
from simulator.wording import some

ID = "missing-dependency"
TITLE = "a dependency is missing in the code"


def explain(case: Case) -> Cause | None:
    """What is made later is known from the reference; whether rows are, only a trial tells (``shown``)."""
    maker = order.makes_it_later(case)
    if maker is None or migration_source.imported_models(case.situation.code.texts.get(case.migration)):
        return None
    failure = case.failure
    what = f"{failure.relation}.{failure.column_name}" if failure.column_name else failure.relation
    said = f"{case.migration} asks for {what}, which {maker} makes, later in the plan"
    return Cause(ID, TITLE, "certain", (said, _unsaid(case.migration, (maker,))))


def shown(migration: str, first: Sequence[str]) -> Cause:
    """After a trial in which it passed once those had run."""
    said = f"{migration} fails before {some(first)} and passes after it, on a clone"
    return Cause(ID, TITLE, "certain", (said, _unsaid(migration, first)))


def _unsaid(migration: str, first: Sequence[str]) -> str:
    return f"{migration} does not depend on {some(first)}, so migrate may take them in either order"
