"""A migration is recorded and nothing of it is there: faked, or a router said no."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.findings.situation import Situation
from simulator.model import Cause
from simulator.postgres.sqlstate import UNDEFINED_COLUMN, UNDEFINED_OBJECT, UNDEFINED_TABLE
from simulator.wording import listed

ID = "recorded-not-run"
TITLE = "recorded without having run"


STATES = (UNDEFINED_TABLE, UNDEFINED_COLUMN, UNDEFINED_OBJECT)


def explain(case: Case) -> Cause | None:
    """Several things that one applied migration makes, and none of them there; a single one may have been dropped."""
    failure = case.failure
    if failure.sqlstate not in STATES or case.root.existing is not None or not case.situation.reference.complete:
        return None
    relation = failure.relation or failure.table_name or ""
    maker = case.situation.maker(relation, failure.column_name or "", failure.constraint_name or "")
    if maker is None or maker in case.situation.pending:
        return None
    made = _made(case.situation, maker)
    if len(made) < 2 or any(case.situation.database.catalog.get(*thing) for thing in made):
        return None
    named = [name or of for _kind, _schema, of, name in made]
    said = f"{maker} is recorded as applied, and nothing that it makes is there: {listed(named)}"
    why = "recorded with --fake, or while a database router did not allow it; or all of it was dropped"
    return Cause(ID, TITLE, "possible", (said, why))


def _made(situation: Situation, maker: str) -> list[tuple[str, str, str, str]]:
    """Tables that it makes, and columns that it adds to others', as far as they last."""
    before = None
    for name, catalog in situation.reference.after.items():
        if name == maker:
            new = catalog.facts - (before.facts if before is not None else frozenset())
            lasting = [fact for fact in sorted(new) if situation.reference.final.like(fact) is not None]
            tables = {(fact.schema, fact.relation) for fact in lasting if fact.kind == "relation"}
            return [
                (fact.kind, fact.schema, fact.relation, fact.name)
                for fact in lasting
                if fact.kind == "relation" or (fact.kind == "column" and (fact.schema, fact.relation) not in tables)
            ]
        before = catalog
    return []
