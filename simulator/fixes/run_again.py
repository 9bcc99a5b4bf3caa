"""Take back the row of a migration of whose work nothing is there, and run it: with its own defaults for the rows."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.findings.graph import ancestors
from simulator.findings.never_ran import work_is_missing
from simulator.findings.situation import Situation
from simulator.fixes.history_rows import put_back, take_rows
from simulator.fixes.route import Mend
from simulator.model import Fact
from simulator.postgres import shape
from simulator.postgres.sqlstate import UNDEFINED_COLUMN, UNDEFINED_TABLE

ID = "run-again"
TITLE = "Take back the row of what is recorded and not there, and run it"


def propose(case: Case) -> Mend | None:
    """Where making what is missing would not do: rows need its default. Not where it has code, which may have run."""
    situation, missing = case.situation, _never_done(case)
    if missing is None:
        return None
    files, rows = situation.code.files, situation.database.history.rows
    above = {row.name for row in rows if missing in ancestors(row.name, files)}
    run = frozenset({missing, *(name for name in above if work_is_missing(situation, name))})
    if any(map(situation.does_more, run)) or not any(_needs_its_default(situation, name) for name in run):
        return None
    taken = [row for row in rows if row.name in above | {missing}]
    back = [row for row in taken if row.name not in run]
    return Mend(
        ID,
        TITLE,
        (case.root.id,),
        history=(take_rows(taken),),
        run=run,
        back=(put_back(back),) if back else (),
        note="; ".join(f"{name} is recorded, and {work_is_missing(situation, name)}" for name in sorted(run)),
    )


def _never_done(case: Case) -> str | None:
    """The recorded migration that makes what is not there, and has done nothing of its work."""
    failure, situation = case.failure, case.situation
    if failure.sqlstate not in (UNDEFINED_COLUMN, UNDEFINED_TABLE) or not situation.reference.complete:
        return None
    column = failure.column_name or "" if failure.sqlstate == UNDEFINED_COLUMN else ""
    maker = situation.maker(failure.relation or failure.table_name or "", column)
    done = maker is not None and maker in situation.recorded and work_is_missing(situation, maker)
    return maker if done else None


def _needs_its_default(situation: Situation, name: str) -> bool:
    """Whether it adds a column that every row must fill, to a table that has rows."""
    rows = situation.database.rows
    return any(
        fact.kind == "column" and shape.refuses_inserts(fact) and rows.get(f"{fact.schema}.{fact.relation}")
        for fact in _made_by(situation, name)
    )


def _made_by(situation: Situation, name: str) -> frozenset[Fact]:
    standing = situation.database.catalog
    return frozenset(fact for fact in situation.reference.after[name].facts if standing.like(fact) is None)
