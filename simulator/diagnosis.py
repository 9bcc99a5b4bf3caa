"""A rehearsal that failed -> everything that would go wrong, why, and which fix was tried in a clone and works.

The plain rehearsal decides the verdict; nothing here changes it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import psycopg

from simulator import (
    causes,
    database,
    effects,
    evidence,
    findings,
    fix_plans,
    fixes,
    migration_files,
    numbering,
    reset_trial,
)
from simulator.baseline import Baseline
from simulator.catalog import Catalog
from simulator.fix_plans import Choices, Plan
from simulator.graph import app_of
from simulator.model import (
    Delta,
    Existing,
    Failure,
    Finding,
    Fix,
    FixOutcome,
    History,
    Met,
    MigrationFile,
    Phase,
    Survey,
    Trace,
)
from simulator.progress import Progress
from simulator.roles import SUPERUSER
from simulator.situation import BehindSequence, HistoryTable, Reference, Situation
from simulator.trials import Bench, attempt

# Which fixes are tried: none, until one works, or also what people try, to say what that would leave; and on request
# the last resort.
Trials = Literal["none", "until one works", "all", "all, and a reset"]
SLOW_TRIAL = 60.0  # seconds; after one that took longer, what people try is named and not tried
NAME_TAKEN = "42P07"  # PostgreSQL manual, appendix A: duplicate_table
DENIED = "42501"  # PostgreSQL manual, appendix A: insufficient_privilege
NO_SCHEMA = "3F000"  # PostgreSQL manual, appendix A: invalid_schema_name


@dataclass(frozen=True)
class Diagnosis:
    """Findings in the order met, and fixes, the recommended first.

    ``situation`` and ``plan`` are what the recommended fix stands on; None where nothing was tried.
    """

    findings: tuple[Finding, ...] = ()
    fixes: tuple[Fix, ...] = ()
    warnings: tuple[str, ...] = ()
    situation: Situation | None = None
    plan: Plan | None = None
    bench: Bench | None = None


@dataclass(frozen=True)
class Patient:
    """What is diagnosed: where it runs, and what the plain rehearsal said."""

    bench: Bench
    trace: Trace  # of the plain rehearsal
    tier: Literal["data", "schema"]

    @property
    def base(self) -> Baseline:
        return self.bench.base


def diagnose(patient: Patient, failure: Failure, progress: Progress, *, trials: Trials) -> Diagnosis:
    """Survey past the failure, compare with the reference, name causes, try fixes. Raises EngineDied."""
    with progress.stage("survey", "looking for everything else that would fail"):
        seen = _survey(patient)
        refused = _refused(patient, seen)
        if refused:
            with database.connect(patient.bench.environment.address("postgres", SUPERUSER)) as admin:
                database.make_superuser(admin, patient.base.role.project_user)
            seen = _survey(patient)
    with progress.stage("reference", "building the same schema from nothing"):
        deltas, reference = _reference(patient)
        if reference.failure is not None and reference.failure.sqlstate == NO_SCHEMA:
            deltas, reference = _reference(patient, [fact.schema for fact in seen.baseline if fact.kind == "schema"])
    situation = with_causes(_situation(patient, failure, deltas, reference, seen))
    warnings = (*refused, *_of_reference(reference, failure))
    if reference.failure is not None and reference.failure.sandbox:
        return Diagnosis(situation.findings, warnings=warnings)
    chosen = fix_plans.choices(situation, patient.bench.options)
    if reference.complete and seen.stopped and (history := chosen.plan().history):
        # What fails here fails in the trial as well, which says so.
        with progress.stage("survey", "looking again, past what stopped it"), contextlib.suppress(psycopg.Error):
            seen = _survey(patient, history)
            following = with_causes(_situation(patient, seen.stopped or failure, deltas, reference, seen))
            situation = _continued(situation, following)
            chosen = fix_plans.choices(situation, patient.bench.options, chosen.of_roots)
    if trials == "none" or not reference.complete:
        return Diagnosis(situation.findings, (chosen.with_persons(),), warnings)
    found, tried, plan = _try_plans(patient, chosen, progress)
    if plan is None or trials != "until one works":
        tried += _try_peoples(patient, situation, progress)
    if trials == "all, and a reset":
        tried, refused = _with_reset(patient, situation, progress, tried)
        warnings = (*warnings, *refused)
    return Diagnosis(found, fix_plans.ranked(tried), warnings, situation, plan, patient.bench)


def _refused(patient: Patient, seen: _Seen) -> tuple[str, ...]:
    """What the role that the dump chose may not do. Whether production lets it, a dump does not tell: it carries no
    memberships. So it is no finding, and all else is looked for and tried without that."""
    role = patient.base.role
    if not role.automatic:
        return ()
    failures = (seen.stopped, *(one.failure for one in seen.survey.met))
    relations = {one.relation or "": one for one in failures if one is not None and one.sqlstate == DENIED}
    return tuple(
        f"{role.project_user} is refused {relation or 'something'}{_whose(seen, relation)}: migrate fails before that; "
        "the rest was looked for as a superuser"
        for relation in sorted(relations)
    )


def _whose(seen: _Seen, relation: str) -> str:
    owner = next((owner for place, owner in seen.owners.items() if place.partition(".")[2] == relation), None)
    return f", which {owner} owns" if owner else ""


def _continued(stopped: Situation, following: Situation) -> Situation:
    """The situation past what stopped the first survey, with that survey's findings before its own. Pure."""
    shift = len(stopped.findings)
    met = [one for one in following.findings if one.failure not in [other.failure for other in stopped.findings]]
    moved = [
        replace(one, id=one.id + shift, cascade_of=one.cascade_of + shift if one.cascade_of else None) for one in met
    ]
    return replace(following, failure=stopped.failure, findings=(*stopped.findings, *moved))


def _try_plans(
    patient: Patient, chosen: Choices, progress: Progress
) -> tuple[tuple[Finding, ...], list[Fix], Plan | None]:
    """Plan after plan, until one works or there is none left.

    The findings as well, since a plan that works knows its roots.
    """
    situation, tried = chosen.situation, []
    for number in range(1, fix_plans.MOST_PLANS + 1):
        plan = chosen.plan()
        if not plan.worth_a_trial:
            break
        with progress.stage("trials", f"trying fix {number}: {plan.fix.title}"):
            trial = attempt(plan.fix, situation, patient.bench, plan.discards, plan.recorded)
        tried.append(trial.fix)
        if trial.fix.outcome is FixOutcome.WORKS:
            return fix_plans.settled(situation.findings, plan.left), tried, plan
        chosen = chosen.after(trial.failure, trial.fix.drift, plan, trial.failed_step)
        if chosen.given_up:
            break
    persons = chosen.left_to_persons().with_persons()
    if tried:
        persons = replace(persons, note=f"without a person it fails {tried[-1].note}".strip())
    return situation.findings, [persons, *tried], None


def _try_peoples(patient: Patient, situation: Situation, progress: Progress) -> Iterator[Fix]:
    """What people try, to say what it would leave. Not at any price: a clone of a large database takes its time."""
    slowest = 0.0
    for fix in fixes.peoples(situation, patient.bench.options):
        if fix_plans.needs_person(fix):
            yield fix
        elif slowest > SLOW_TRIAL:
            yield replace(fix, note=f"not tried: a trial takes {slowest:.0f} s here")
        else:
            started = time.monotonic()
            with progress.stage("trials", f"trying {fix.title}"):
                yield fix_plans.without_its_code(attempt(fix, situation, patient.bench).fix, situation)
            slowest = max(slowest, time.monotonic() - started)


def _with_reset(
    patient: Patient, situation: Situation, progress: Progress, tried: Sequence[Fix]
) -> tuple[list[Fix], tuple[str, ...]]:
    """The last resort tried, in the place of its being named; or why it can't be."""
    fix = fixes.reset(situation, patient.bench.options)
    if fix is None:
        return list(tried), ("no migrations were reset: what fails is in no app of the project's own",)
    with progress.stage("trials", f"trying to {fix.title}"):
        done = reset_trial.attempt(fix, situation, patient.bench)
    return [*(one for one in tried if not one.resets), done], ()


def with_causes(situation: Situation) -> Situation:
    """Each root with its cause. Pure."""
    named = tuple(
        replace(one, cause=causes.name_cause(situation, one)) if one.root else one for one in situation.findings
    )
    return replace(situation, findings=named)


@dataclass(frozen=True)
class _Seen:
    """What the baseline held, and what a survey of it met."""

    baseline: Catalog
    table: HistoryTable
    content_types: frozenset[str] | None
    owners: Mapping[str, str]
    rows: Mapping[str, int]
    tables: Mapping[int, str]
    behind: tuple[BehindSequence, ...]
    survey: Survey
    files: Mapping[str, MigrationFile]
    surveyed: Mapping[str, Catalog]
    end: Catalog
    held: Mapping[str, Existing]
    rows_kept: Mapping[str, int]
    history: History
    stopped: Failure | None  # what ended the survey before its end


def _reference(patient: Patient, schemas: Sequence[str] = ()) -> tuple[dict[str, Delta], Reference]:
    """``schemas``: who runs the server has made those beforehand."""
    bench = patient.bench
    databases = bench.base.empty(bench.environment, schemas)
    try:
        trace = bench.rehearsals.reference(bench.code, databases)
    finally:
        bench.base.drop(bench.environment, databases)
    failure = trace.failure
    if failure is None and not trace.complete:
        failure = Failure(
            "", "its process ended before it could report", Phase.SETTINGS, sandbox=trace.ended or "it died"
        )
    return effects.by_migration(trace.deltas), effects.reference_of(trace.deltas, failure)


def _survey(patient: Patient, first: Sequence[str] = ()) -> _Seen:
    """On a clone that is read first. ``first``: statements that get it past what stopped it."""
    bench = patient.bench
    databases = bench.base.clone(bench.environment, bench.base.role.project_user)
    place = bench.environment.address(databases[bench.alias].dbname, SUPERUSER)
    try:
        with database.connect(place) as connection:
            for statement in first:
                connection.execute(statement.encode())
            baseline = database.read_catalog(connection)
            rows = database.count_rows(connection)
            owners = database.owners(connection)
            known = patient.trace.history.schemas if patient.trace.history else None
            table = evidence.history_table(connection, bench.base.role.project_user, known)
            content_types = evidence.content_types(connection, bench.base.role.project_user, known)
            behind = numbering.behind(connection)
        trace = bench.rehearsals.survey(bench.code, databases)
        with database.connect(place) as connection:
            after = database.count_rows(connection)
            held = _held(connection, trace)
    finally:
        bench.base.drop(bench.environment, databases)
    surveyed = effects.reference_of(trace.deltas, None)
    return _Seen(
        baseline=baseline,
        table=table,
        content_types=content_types,
        owners=owners,
        rows={table.name: table.rows for table in rows.values()},
        tables={oid: table.name for oid, table in rows.items()},
        behind=behind,
        survey=trace.survey or Survey(),
        files={file.name: file for file in trace.files},
        surveyed=surveyed.after,
        end=surveyed.final,
        held=held,
        # What the migrations themselves delete is no loss of a fix's.
        rows_kept={table.name: min(table.rows, after[oid].rows if oid in after else 0) for oid, table in rows.items()},
        history=trace.history or patient.trace.history or History(),
        stopped=trace.failure,
    )


def _held(connection: database.Connection, trace: Trace) -> dict[str, Existing]:
    """What holds the names that a survey collided with, whosever it is."""
    met = trace.survey.met if trace.survey else ()
    names = sorted({one.failure.relation for one in met if one.failure.sqlstate == NAME_TAKEN and one.failure.relation})
    return {name: held[0] for name in names if (held := database.holders(connection, name))}


def _situation(
    patient: Patient, failure: Failure, deltas: Mapping[str, Delta], reference: Reference, seen: _Seen
) -> Situation:
    bench, history = patient.bench, seen.history
    done = effects.effects(deltas, _unapplied(history, reference), seen.baseline) if reference.complete else {}
    ground = findings.Ground(
        baseline=seen.baseline,
        reference=reference,
        effects=done,
        files=seen.files,
        applied=frozenset(history.applied),
        rows=seen.rows,
        owners=seen.owners,
        surveyed=seen.end,
        held=seen.held,
    )
    met = [*(Met(error) for restore in patient.base.restores for error in restore.errors), *seen.survey.met]
    pending = [name for name in history.pending if name in seen.files]
    found = findings.find(failure, met, ground)
    return Situation(
        failure=failure,
        findings=found,
        history=history,
        table=seen.table,
        files=seen.files,
        baseline=seen.baseline,
        reference=reference,
        effects=done,
        surveyed=seen.surveyed,
        ran=seen.survey.ran,
        code_runs=seen.survey.code_runs,
        content_types=seen.content_types,
        rows=seen.rows,
        rows_kept=seen.rows_kept,
        tables=seen.tables,
        owners=seen.owners,
        behind=seen.behind,
        git=migration_files.git_traces(
            bench.code,
            history.not_on_disk,
            apps=tuple({app_of(one.failure.migration) for one in found if one.root and one.failure.migration}),
            files=tuple(seen.files.values()),
        ),
        edits=migration_files.edited_after(bench.code, tuple(seen.files.values()), seen.table.rows),
        texts=migration_files.texts(bench.code, [seen.files[name] for name in pending]),
        restored_over_data=any(one.over_data and not one.by_hand for one in patient.base.restores),
        restore_failed=any(not restore.over_data and restore.errors for restore in patient.base.restores),
        role=bench.base.role.project_user,
        superuser=bench.base.role.superuser,
        tier=patient.tier,
    )


def _unapplied(history: History, reference: Reference) -> Sequence[str]:
    """The plan, and what migrate leaves out of it: what lies beneath a leaf that is recorded."""
    return tuple(dict.fromkeys((*history.pending, *(name for name in reference.after if name not in history.applied))))


def _of_reference(reference: Reference, failure: Failure) -> Iterator[str]:
    """What a reference that could not be built means for the reader."""
    broken = reference.failure
    if broken is None:
        return
    if broken.sandbox:
        yield f"nothing was compared or tried: the code's schema could not be built from nothing ({broken.sandbox})"
    elif (broken.migration, broken.sqlstate) != (failure.migration, failure.sqlstate):
        at = f"{broken.migration}: " if broken.migration else ""
        yield f"the code fails from an empty database too, elsewhere ({at}{broken.sqlstate or ''} {broken.message})"
