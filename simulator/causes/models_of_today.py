"""Code of a migration works with the models as they are now, which have what only a later migration makes."""

from __future__ import annotations

from simulator.findings import migration_source
from simulator.findings.case import Case
from simulator.model import Cause

ID = "models-of-today"
TITLE = "its code uses today's models"


def explain(case: Case) -> Cause | None:
    """A model from apps.get_model has only what is there at that place of the plan."""
    maker = case.made_later
    if maker is None:
        return None
    failure = case.failure
    what = f"{failure.relation}.{failure.column_name}" if failure.column_name else failure.relation
    imports = migration_source.imported_models(case.situation.code.texts.get(case.migration))
    evidence = [f"{case.migration} asks for {what}, which {maker} makes, later in the plan"]
    evidence += [f"its code has `{line}`, not apps.get_model(…)" for line in imports[:1]]
    return Cause(ID, TITLE, "certain" if imports else "likely", tuple(evidence))
