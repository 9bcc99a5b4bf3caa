"""The tables are there, in a schema that the project does not look in: its settings have to lead there."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.fixes.route import Mend
from simulator.postgres.ddl import ASIDE
from simulator.postgres.sqlstate import UNDEFINED_TABLE

ID = "look-elsewhere"
TITLE = "Have the project look where its tables are"


def propose(case: Case) -> Mend | None:
    """Whether the settings or the tables are in the wrong place, only a person knows."""
    relation = case.failure.relation
    if case.failure.sqlstate != UNDEFINED_TABLE or not relation or not case.situation.reference.complete:
        return None
    schemas = sorted(case.situation.database.catalog.schemas_with(relation) - {ASIDE})
    if not schemas or case.situation.reference.final.schemas_with(relation).intersection(schemas):
        return None
    text = (
        f"decide where the project's tables belong: {relation} is in the schema {schemas[0]}; put that on the "
        f"search_path of the settings or of the role, or have its owner move its tables to where the project looks"
    )
    return Mend(ID, TITLE, (case.root.id,), person=text)
