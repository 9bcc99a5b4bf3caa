"""Reset migrations on request: on a clone as any fix, and from nothing, to say what a new database would lack."""

from __future__ import annotations

from dataclasses import replace

from simulator.baseline.sandbox import Sandbox
from simulator.findings.situation import Situation
from simulator.model import Fix, FixOutcome
from simulator.postgres import database, shape
from simulator.trials import plans, trial
from simulator.trials.verification import named
from simulator.wording import some


def attempt(fix: Fix, situation: Situation, sandbox: Sandbox) -> Fix:
    """The fix with its outcome; its note says what the new files do not make."""
    # What a person has to delete is taken as deleted.
    alone = replace(fix, steps=tuple(step for step in fix.steps if not step.person))
    tried = replace(trial.attempt(alone, situation, sandbox).fix, steps=fix.steps)
    tried = plans.without_its_code(tried, situation)
    if tried.outcome is FixOutcome.FAILS:
        return replace(tried, note=f"{tried.note}; {fix.note}")
    lacking = _lacking(alone, situation, sandbox)
    return replace(tried, note=f"{tried.note}; {lacking}") if lacking else tried


def _lacking(fix: Fix, situation: Situation, sandbox: Sandbox) -> str:
    made = [step for step in fix.steps if step.manage[:1] == ("makemigrations",)]
    with sandbox.empty(situation.reference.schemas) as databases:
        failure = trial.failure_of(sandbox.rehearsals.trial(sandbox.code, databases, made, fix.resets))
        if failure is not None:
            return f"a new database can't be built: {failure.sqlstate or failure.exception} {failure.message}"
        with database.connect(sandbox.address(databases)) as connection:
            built = database.read_catalog(connection)
    lacking = named(shape.missing(situation.reference.final, built))
    return f"a new database then lacks {some(lacking)}" if lacking else ""
