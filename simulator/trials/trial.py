"""Each fix on a fresh clone: its steps, the project's migrate, and whether the code would have built the same."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from simulator.baseline.sandbox import Databases, Sandbox
from simulator.findings.graph import ancestors
from simulator.findings.situation import Situation
from simulator.model import Address, Fact, Failure, Fix, FixOutcome, Phase, Step, Trace
from simulator.postgres import database
from simulator.postgres.catalog import Catalog
from simulator.trials import proofs, verification
from simulator.trials.verification import Verified


@dataclass(frozen=True)
class Trial:
    """A fix with what came of it, and the failure that ended it (None: it came to its end), in which step if in one."""

    fix: Fix
    failure: Failure | None = None
    failed_step: Step | None = None
    idle: frozenset[str] = frozenset()  # of what it records: code that, run on what the fix leaves, changes nothing


def attempt(
    fix: Fix,
    situation: Situation,
    sandbox: Sandbox,
    discards: frozenset[Fact] = frozenset(),
    recorded: Set[str] = frozenset(),
    written: Set[str] = frozenset(),
) -> Trial:
    """Rehearse one fix.

    ``discards``: what the fix drops on purpose, for it holds no rows. ``recorded``: migrations whose rows its SQL
    writes; ``written``: all that it records without running them.
    """
    steps = without_migrate(fix.steps, sandbox.options)
    with sandbox.clone() as databases:
        trace = sandbox.rehearsals.trial(sandbox.code, databases, steps, fix.resets)
        failure = failure_of(trace)
        verified = None
        if failure is None or failure.phase is Phase.SMOKE:
            verified = verify(situation, sandbox.address(databases), discards, recorded)
        tried = judged(fix, trace, failure, verified)
        idle = _idle(situation, sandbox, databases, written) if tried.outcome is FixOutcome.WORKS else frozenset()
    if tried.outcome is not FixOutcome.FAILS:
        failure = None  # what the code can't read is told by what the schema lacks
    failed = next((steps[run.index] for run in trace.steps if run.failure), None)
    return Trial(tried, failure, failed, idle)


def _idle(situation: Situation, sandbox: Sandbox, databases: Databases, written: Set[str]) -> frozenset[str]:
    """Which of those without another proof change nothing when their code is run on the database as the fix left it.

    None where a sequence moved, which may leave no transaction behind, or where the code asked for something that it
    does not get here.
    """
    _proofs, names = proofs.proofs(situation, written)
    if not names:
        return frozenset()
    with database.connect(sandbox.address(databases)) as connection:
        before = database.sequence_values(connection)
        trace = sandbox.rehearsals.idle(sandbox.code, databases, names)
        moved = database.sequence_values(connection) != before
    return frozenset() if moved or trace.attempts or not trace.complete else frozenset(trace.idle)


def without_migrate(steps: Sequence[Step], options: tuple[str, ...]) -> tuple[Step, ...]:
    """The steps before the last migrate: the rehearsal's own command is that one."""
    return tuple(steps[:-1] if steps and steps[-1].manage == ("migrate", *options) else steps)


def failure_of(trace: Trace) -> Failure | None:
    """What ended the trial: a step's failure, the command's, or something that its checks found."""
    for step in trace.steps:
        if step.failure:
            return step.failure
    return trace.failure


def judged(fix: Fix, trace: Trace, failure: Failure | None, verified: Verified | None) -> Fix:
    """The fix with its outcome."""
    seconds = sum(step.seconds for step in trace.steps) + sum(run.seconds for run in trace.migrations)
    fix = replace(fix, seconds=round(seconds, 3))
    drift = drift_of(verified) if verified else ()
    if failure is not None and not (failure.phase is Phase.SMOKE and drift):
        return replace(fix, outcome=FixOutcome.FAILS, note=_said(failure))
    if failure is None and not _whole(trace):
        return replace(fix, outcome=FixOutcome.FAILS, note="its process ended before it could report")
    if trace.left:
        return replace(fix, outcome=FixOutcome.FAILS, note=f"migrate leaves pending: {', '.join(trace.left[:5])}")
    assert verified is not None
    outcome = FixOutcome.WORKS
    if drift:
        outcome = FixOutcome.DRIFTS
    if verified.rows_lost:
        outcome = FixOutcome.LOSES_DATA
    return replace(fix, outcome=outcome, drift=drift, rows_lost=verified.rows_lost)


def _whole(trace: Trace) -> bool:
    """Whether every check after migrate came to its end."""
    return trace.complete and None not in (trace.second_migrate, trace.left, trace.models_read)


def drift_of(verified: Verified) -> tuple[str, ...]:
    """What the schema has too little or too much."""
    return (*verified.missing, *verified.added, *verified.removed, *verified.invalid, *verified.unsafe)


def _said(failure: Failure) -> str:
    where = f"at {failure.migration}: " if failure.migration else ""
    return f"{where}{failure.sqlstate or failure.exception.rpartition('.')[2]} {failure.message}"


def verify(
    situation: Situation,
    place: Address,
    discards: frozenset[Fact],
    recorded: Set[str],
) -> Verified:
    """What became of the database at ``place``."""
    with database.connect(place) as connection:
        after = database.read_catalog(connection).within(situation.database.schema)
        rows = database.count_rows(connection)
    effects = situation.effects.values()
    return verification.judge(
        before=situation.database.catalog,
        after=after,
        reference=situation.reference.final,
        pending=frozenset(fact for one in effects for fact in one.added) | _vouched_for(situation, recorded),
        rows_before=situation.survey.rows_kept,
        # A table in the place of one that is gone is another.
        rows_after={
            situation.database.tables[oid]: table.rows
            for oid, table in rows.items()
            if oid in situation.database.tables
        },
        dropped=discards.union(*(one.removed for one in effects)),
        by_code=situation.removed_by_code,
    )


def _vouched_for(situation: Situation, recorded: Set[str]) -> frozenset[Fact]:
    """What applied migrations make that stand on one which the fix makes and records beneath them: that row says that
    they ran on top of it, and a foreign key of theirs may point elsewhere."""
    made = {name for name in recorded if name in situation.effects and not situation.effects[name].all_there}
    found: set[Fact] = set()
    before = Catalog()
    for name, catalog in situation.reference.after.items():
        if name in situation.history.applied and made & ancestors(name, situation.code.files):
            found |= catalog.facts - before.facts
        before = catalog
    return frozenset(found) & situation.reference.final.facts
