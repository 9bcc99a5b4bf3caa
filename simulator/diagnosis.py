"""A rehearsal that failed -> everything that would go wrong, why, and which fix was tried in a clone and works.

The plain rehearsal decides the verdict; nothing here changes it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import psycopg

from simulator import causes, fixes
from simulator.baseline.roles import is_answer
from simulator.baseline.sandbox import Sandbox
from simulator.causes import words
from simulator.engines.plan import SUPERUSER
from simulator.errors import TimedOut
from simulator.findings import survey
from simulator.findings.case import Case
from simulator.findings.situation import HistoryTable, Reference, Situation
from simulator.host.progress import Progress
from simulator.model import TIMEOUT, Failure, Finding, Fix, FixOutcome, History, Phase
from simulator.postgres import database
from simulator.postgres.sqlstate import INSUFFICIENT_PRIVILEGE, INVALID_SCHEMA_NAME
from simulator.rehearsal import hang
from simulator.rehearsal.hang import Hung
from simulator.trials import asking, plans
from simulator.trials import reset as reset_trial
from simulator.trials.plans import Choices, Plan
from simulator.trials.trial import attempt

# Which fixes are tried: none, until one works, or also what people try, to say what that would leave.
Trials = Literal["none", "until one works", "all"]
OVER = "rehearse.timeout was over"
NO_RESET = "no migrations were reset:"
SLOW_TRIAL = 60.0  # seconds; after one that took longer, what people try is named and not tried


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


def diagnose(
    sandbox: Sandbox,
    failure: Failure,
    history: History | None,
    progress: Progress,
    *,
    tier: Literal["data", "schema"],
    trials: Trials,
    reset: bool = False,
) -> Diagnosis:
    """Survey past the failure, compare with the reference, name causes, try fixes. Raises EngineDied.

    ``reset``: try the last resort as well. What is known when the scenario's time is over is kept, with a warning.
    """
    known = Diagnosis()
    try:
        for known in _diagnosed(sandbox, failure, history, progress, tier=tier, trials=trials, reset=reset):  # noqa: B007
            pass
    except TimedOut as over:
        warnings = (*known.warnings, cut_short(over, progress.doing))
        return replace(known, warnings=warnings, situation=None, plan=None)  # for a script there is no time either
    return known


def cut_short(over: TimedOut, doing: str) -> str:
    """What was going on when the time was over. Whether the same would hold up migrate itself is not known: what is
    looked for or tried here goes beyond what migrate stopped at."""
    at = f" ({hang.said(over.trace.failure)})" if isinstance(over, Hung) else ""
    return f"{OVER} while {doing}{at}: what comes after that was not looked for or tried"


def _diagnosed(
    sandbox: Sandbox,
    failure: Failure,
    history: History | None,
    progress: Progress,
    *,
    tier: Literal["data", "schema"],
    trials: Trials,
    reset: bool,
) -> Iterator[Diagnosis]:
    """What is known, each time with more in it."""
    yield Diagnosis((Finding(1, failure),))
    with progress.stage("survey", "looking for everything else that would fail"):
        seen = survey.look(sandbox, history, tier)
        refused = _refused(sandbox, seen)
        if refused:
            with database.connect(sandbox.environment.address("postgres", SUPERUSER)) as admin:
                database.make_superuser(admin, sandbox.baseline.role.project_user)
            seen = survey.look(sandbox, history, tier)
    unbuilt = Reference(complete=False, failure=Failure(TIMEOUT, "", Phase.PLAN, sandbox="there was no time for that"))
    yield Diagnosis(with_causes(survey.situation(sandbox, failure, seen, unbuilt, {})).findings, warnings=refused)
    with progress.stage("reference", "building the same schema from nothing"):
        deltas, reference = survey.reference(sandbox, seen)
        if reference.failure is not None and reference.failure.sqlstate == INVALID_SCHEMA_NAME:
            deltas, reference = survey.reference(sandbox, seen, survey.schemas_of(seen.database.catalog))
    situation = with_causes(survey.situation(sandbox, failure, seen, reference, deltas))
    warnings = (*refused, *_of_reference(reference, failure), *_of_history(seen.database.history))
    if reset and not reference.complete:
        warnings = (*warnings, f"{NO_RESET} there is nothing that the code builds from nothing to compare with")
    yield Diagnosis(situation.findings, warnings=warnings)
    if reference.failure is not None and reference.failure.sandbox:
        return
    chosen = plans.choices(situation, sandbox.options)
    if reference.complete and seen.survey.stopped and (statements := chosen.plan().history):
        # What fails here fails in the trial as well, which says so.
        with progress.stage("survey", "looking again, past what stopped it"), contextlib.suppress(psycopg.Error):
            seen = survey.look(sandbox, history, tier, statements)
            following = with_causes(survey.situation(sandbox, seen.survey.stopped or failure, seen, reference, deltas))
            situation = _continued(situation, following)
            chosen = plans.choices(situation, sandbox.options, chosen.of_roots)
            yield Diagnosis(situation.findings, warnings=warnings)
    if trials == "none" or not reference.complete:
        untried = chosen.with_persons()
        yield Diagnosis(situation.findings, (asking.in_words(untried),), warnings)
        yield Diagnosis(situation.findings, (_asked(untried, sandbox, progress),), warnings)
        return
    tried: list[Fix] = []
    found, plan = situation.findings, None
    try:
        found, plan = _try_plans(sandbox, chosen, progress, tried)
        if plan is None or trials == "all":
            for fix in _try_peoples(sandbox, situation, progress):
                tried.append(fix)
        if reset and (last := fixes.reset(situation, sandbox.options)):
            with progress.stage("trials", f"trying to {last.title}"):
                done = reset_trial.attempt(last, situation, sandbox)
            tried[:] = [*(one for one in tried if not one.resets), done]
        elif reset:
            warnings = (*warnings, f"{NO_RESET} what fails is in no app of the project's own")
    finally:  # where the time is over: with what was tried by then
        yield Diagnosis(found, plans.ranked([*map(asking.in_words, tried)]), warnings, situation, plan)
    checked = [_asked(fix, sandbox, progress) for fix in tried]
    yield Diagnosis(found, plans.ranked(checked), warnings, situation, plan)


def _asked(fix: Fix, sandbox: Sandbox, progress: Progress) -> Fix:
    if not asking.has_to_run(fix):
        return asking.in_words(fix)
    with progress.stage("trials", "running what a person is to run"):
        return asking.asked(fix, sandbox)


def _refused(sandbox: Sandbox, seen: survey.Seen) -> tuple[str, ...]:
    """What the role that the dump chose may not do. Whether production lets it, a dump does not tell: it carries no
    memberships. So it is no finding, and all else is looked for and tried without that."""
    role = sandbox.baseline.role
    if not role.automatic:
        return ()
    met = (one.failure for one in seen.survey.met if one.failure.phase is not Phase.RESTORE)
    failures = (seen.survey.stopped, *met)
    relations = {
        one.relation or "": one
        for one in failures
        if one is not None and one.sqlstate == INSUFFICIENT_PRIVILEGE and not is_answer(role, one)
    }
    return tuple(
        f"{role.project_user} is refused {relation or 'something'}{_whose(seen, relation)}: migrate fails before that; "
        "the rest was looked for as a superuser"
        for relation in sorted(relations)
    )


def _whose(seen: survey.Seen, relation: str) -> str:
    owner = next((owner for place, owner in seen.database.owners.items() if place.partition(".")[2] == relation), None)
    return f", which {owner} owns" if owner else ""


def _continued(stopped: Situation, following: Situation) -> Situation:
    """The situation past what stopped the first survey, with that survey's findings before its own."""
    shift = len(stopped.findings)
    met = [one for one in following.findings if one.failure not in [other.failure for other in stopped.findings]]
    moved = [
        replace(one, id=one.id + shift, cascade_of=one.cascade_of + shift if one.cascade_of else None) for one in met
    ]
    effects = {**stopped.effects, **following.effects}  # of what that fix has recorded meanwhile, too
    return replace(following, failure=stopped.failure, findings=(*stopped.findings, *moved), effects=effects)


def _try_plans(
    sandbox: Sandbox, chosen: Choices, progress: Progress, tried: list[Fix]
) -> tuple[tuple[Finding, ...], Plan | None]:
    """Plan after plan, until one works or there is none left; after one that records what nobody knows to have run, the
    one that runs it, too. Each is put to what was ``tried``.

    The findings as well, since a plan that works knows its roots.
    """
    situation = chosen.situation
    recording: Plan | None = None  # a plan that works, but for what it records
    asked: frozenset[str] = frozenset()  # what that one records and nothing shows to have run
    for number in range(1, plans.MOST_PLANS + 1):
        plan = chosen.plan()
        if not plan.worth_a_trial:
            break
        with progress.stage("trials", f"trying fix {number}: {plan.fix.title}"):
            trial = attempt(plan.fix, situation, sandbox, plan.discards, plan.recorded, plan.written)
        fix = plans.left_to_a_person(trial.fix, situation, plan.written, trial.idle)
        tried.append(plans.running_instead(fix, situation, asked - plan.written))
        if trial.fix.outcome is FixOutcome.WORKS:
            unproven = plans.unproven(trial.fix, situation, plan.written, trial.idle)
            following = chosen.running(unproven) if unproven and recording is None else None
            if following is None:
                best = recording if recording and plans.needs_person(tried[-1]) else plan
                return plans.explained(plans.settled(situation.findings, best.left), best), best
            chosen, recording, asked = following, plan, unproven
            continue
        chosen = chosen.after(trial.failure, trial.fix.drift, plan, trial.failed_step)
        if chosen.given_up:
            break
    if recording:
        return plans.settled(situation.findings, recording.left), recording
    persons = chosen.left_to_persons().with_persons()
    if tried:
        persons = replace(persons, note=f"without a person it fails {tried[-1].note}".strip())
    tried.insert(0, persons)
    return situation.findings, None


def _try_peoples(sandbox: Sandbox, situation: Situation, progress: Progress) -> Iterator[Fix]:
    """What people try, to say what it would leave. Not at any price: a clone of a large database takes its time."""
    slowest = 0.0
    for fix in fixes.peoples(situation, sandbox.options):
        if plans.needs_person(fix):
            yield fix
        elif slowest > SLOW_TRIAL:
            yield replace(fix, note=f"not tried: a trial takes {slowest:.0f} s here")
        else:
            started, written = time.monotonic(), plans.written_by(fix, situation)
            with progress.stage("trials", f"trying {fix.title}"):
                trial = attempt(fix, situation, sandbox, written=written)
            done = plans.without_its_code(trial.fix, situation)
            yield plans.left_to_a_person(done, situation, written, trial.idle)
            slowest = max(slowest, time.monotonic() - started)


def with_causes(situation: Situation) -> Situation:
    """Each root with its cause."""
    named = tuple(
        replace(one, cause=causes.name_cause(Case(situation, one))) if one.root else one for one in situation.findings
    )
    return replace(situation, findings=named)


def _of_history(history: HistoryTable) -> Iterator[str]:
    """Rows that stand twice do no harm by themselves."""
    for rows in history.twice:
        yield f"{words.recorded_twice(rows)}; Django reads the names as a set, so the second row is harmless"


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
