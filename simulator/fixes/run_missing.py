"""Run what never ran beneath recorded migrations: their rows are taken away for that, and put back as they were."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.findings.case import Case
from simulator.findings.graph import ancestors
from simulator.findings.never_ran import never_ran
from simulator.findings.situation import Situation
from simulator.fixes.history_rows import put_back, rows_of, take_rows
from simulator.fixes.route import Mend

ID = "run-missing"
TITLE = "Run what never ran; rows of what depends on it are taken away for that and put back"


def propose(case: Case) -> Mend | None:
    """Where something that did not run does more than the schema, or may not have run; the rest is recorded."""
    missing = case.missing_beneath
    run = _to_run(case.situation, missing)
    if not run:
        return None
    files = case.situation.code.files
    above = frozenset(name for name in missing if name not in run and run & ancestors(name, files))
    before = rows_of(case.situation, [name for name in missing if name not in run | above])
    after = rows_of(case.situation, [name for name in missing if name in above])
    rows = [row for row in case.situation.database.history.rows if run & ancestors(row.name, files)]
    if before is None or after is None or not rows:
        return None
    return Mend(
        ID,
        TITLE,
        (case.root.id,),
        history=(*before, take_rows(rows)),
        run=run,
        back=(put_back(rows), *after),
        recorded=frozenset(missing) - run,
        note=_note(case.situation, run),
    )


def _to_run(situation: Situation, missing: Sequence[str]) -> frozenset[str]:
    """What is shown never to have run, if any of that does more than the schema; else what may not have run."""
    never = {name for name in missing if never_ran(situation, name)}
    if not any(map(situation.does_more, never)):
        never |= {name for name in missing if situation.does_more(name)}
    return frozenset(never) if any(map(situation.does_more, never)) else frozenset()


def _note(situation: Situation, run: frozenset[str]) -> str:
    shown = [f"{name} has not run here: {why}" for name in sorted(run) if (why := never_ran(situation, name))]
    return "; ".join(shown)
