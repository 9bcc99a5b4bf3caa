"""Reset migrations on request: on a clone as any fix, and from nothing, to say what a new database would lack."""

from __future__ import annotations

from dataclasses import replace

from simulator import database, fix_plans, shape, trials
from simulator.model import Fix, FixOutcome
from simulator.roles import SUPERUSER
from simulator.situation import Situation
from simulator.trials import Bench
from simulator.verification import named


def attempt(fix: Fix, situation: Situation, bench: Bench) -> Fix:
    """The fix with its outcome; its note says what the new files do not make."""
    # What a person has to delete is taken as deleted.
    alone = replace(fix, steps=tuple(step for step in fix.steps if not step.person))
    tried = replace(trials.attempt(alone, situation, bench).fix, steps=fix.steps)
    tried = fix_plans.without_its_code(tried, situation)
    if tried.outcome is FixOutcome.FAILS:
        return replace(tried, note=f"{tried.note}; {fix.note}")
    lacking = _lacking(alone, situation, bench)
    return replace(tried, note=f"{tried.note}; {lacking}") if lacking else tried


def _lacking(fix: Fix, situation: Situation, bench: Bench) -> str:
    databases = bench.base.empty(bench.environment, situation.reference.schemas)
    place = databases[bench.alias].dbname
    try:
        made = [step for step in fix.steps if step.manage[:1] == ("makemigrations",)]
        failure = trials.failure_of(bench.rehearsals.trial(bench.code, databases, made, fix.resets))
        if failure is not None:
            return f"a new database can't be built: {failure.sqlstate or failure.exception} {failure.message}"
        with database.connect(bench.environment.address(place, SUPERUSER)) as connection:
            built = database.read_catalog(connection)
    finally:
        bench.base.drop(bench.environment, databases)
    lacking = named(shape.missing(situation.reference.final, built))
    more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
    return f"a new database then lacks {', '.join(lacking[:5])}{more}" if lacking else ""
