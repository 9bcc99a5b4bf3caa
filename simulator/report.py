"""What a rehearsal came to -> the report that people and programs read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import simulator
from simulator import verdict
from simulator.baseline.build import POSTGRESQL, Baseline
from simulator.diagnosis import Diagnosis
from simulator.errors import MigsimError
from simulator.model import Failure, Finding, Phase, Report, Trace, Verdict
from simulator.rehearsal.trace import unseen_history
from simulator.scenario import Scenario
from simulator.sources.trees import Sources, main_dump
from simulator.verdict import Judgement
from simulator.wording import some


@dataclass(frozen=True)
class Machine:
    """Where a scenario was rehearsed, and what that has to say."""

    engine: str
    server_version: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rehearsed:
    """One scenario's rehearsal, over and concluded. What it did not come to is None."""

    scenario: Scenario
    sources: Sources
    machine: Machine
    settings: Trace
    judgement: Judgement
    trace: Trace | None = None  # of the rehearsal that was not a repetition
    baseline: Baseline | None = None
    diagnosis: Diagnosis | None = None
    dump_sha256: str | None = None
    unset: tuple[str, ...] = ()  # variables that the scenario names and that have no value
    kept: str = ""  # how to get into the databases that were kept
    in_full: str = ""  # the file in which the errors stand as they are, of a run that is kept
    asked: str = ""  # what comes after `migsim run` to rehearse it again, where that is not the scenario's name


def build(done: Rehearsed) -> Report:
    """The report, but for what is known only when everything is put away (times, what is left over)."""
    scenario, trace, baseline = done.scenario, done.trace or done.settings, done.baseline
    dump = main_dump(done.sources)
    attempts = [*done.settings.attempts, *(baseline.attempts if baseline else ()), *trace.attempts]
    return Report(
        scenario=scenario.name,
        verdict=done.judgement.verdict,
        because=done.judgement.because,
        exit_code=verdict.exit_code(done.judgement, scenario.expect),
        unmet=verdict.unmet(done.judgement, scenario.expect),
        engine=done.machine.engine,
        tier=scenario.rehearse.tier,
        role=baseline.role.project_user if baseline else None,
        versions={
            "migsim": simulator.__version__,
            "postgres": done.machine.server_version.split()[0],  # without the packager's own addition
            **done.settings.versions,
            **trace.versions,
        },
        dump=dump,
        dump_sha256=done.dump_sha256,
        project=done.sources.code.version,
        settings=trace.settings_module,
        history=trace.history,
        failure=done.judgement.failure,
        findings=_findings(done),
        fixes=done.diagnosis.fixes if done.diagnosis else (),
        migrations=trace.migrations,
        models_read=trace.models_read,
        attempts=tuple(dict.fromkeys(attempts)),
        warnings=tuple(_warnings(done, trace)),
        not_checked=(
            *verdict.not_checked(dump=dump is not None, tier=scenario.rehearse.tier, left=trace.left or ()),
            *(baseline.not_checked if baseline else ()),
            *_other_backends(done.settings),
        ),
        kept=done.kept,
        in_full=done.in_full,
        asked=done.asked,
    )


def of_conflict(scenario: Scenario, sources: Sources) -> Report:
    """Branches that don't merge: there is no code to rehearse, and that is the finding."""
    code = sources.code
    message = f"{code.conflicting_ref} does not merge: conflicts in {', '.join(code.conflicts)}"
    failure = Failure(exception="", message=message, phase=Phase.LOAD)
    judgement = Judgement(Verdict.UNKNOWN, failure, message)
    return Report(
        scenario=scenario.name,
        verdict=judgement.verdict,
        because=message,
        exit_code=verdict.exit_code(judgement, scenario.expect),
        unmet=verdict.unmet(judgement, scenario.expect),
        tier=scenario.rehearse.tier,
        versions={"migsim": simulator.__version__},
        dump=main_dump(sources),
        project=code.version,
        failure=failure,
        findings=_numbered([failure]),
    )


def of_error(scenario: Scenario, error: MigsimError, started: str) -> Report:
    """What could not be found out is a report, too. ``started`` is in ISO 8601."""
    return Report(
        scenario=scenario.name,
        verdict=Verdict.UNKNOWN,
        exit_code=error.exit_code,
        tier=scenario.rehearse.tier,
        started=started,
        versions={"migsim": simulator.__version__},
        error=(error.message, error.hint),
    )


def _findings(done: Rehearsed) -> tuple[Finding, ...]:
    """Those of the diagnosis; without one, each thing that went wrong in the order met: the restore's, migrate's."""
    if done.diagnosis:
        return done.diagnosis.findings
    failures = list(done.baseline.errors) if done.baseline else []
    if done.judgement.failure and done.judgement.failure not in failures:
        failures.append(done.judgement.failure)
    elif done.trace and done.trace.failure:
        failures.append(done.trace.failure)
    return _numbered(failures)


def _numbered(failures: Sequence[Failure]) -> tuple[Finding, ...]:
    return tuple(Finding(id=number, failure=failure) for number, failure in enumerate(failures, 1))


def _warnings(done: Rehearsed, trace: Trace) -> Iterator[str]:
    yield from done.sources.warnings
    if done.unset:
        are = "is" if len(done.unset) == 1 else "are"
        names = some(done.unset, most=len(done.unset))
        without = "; the settings load without" if done.settings.failure is None else ""
        yield f"django.environment names {names}, which {are} not set here{without}"
    yield from done.machine.warnings
    if done.baseline:
        yield from done.baseline.warnings
        if unseen := unseen_history(done.baseline.histories, trace.history):
            yield unseen
    yield from trace.notices
    if done.diagnosis:
        yield from done.diagnosis.warnings


def _other_backends(settings: Trace) -> Iterator[str]:
    for alias in settings.aliases:
        if alias.vendor != POSTGRESQL:
            yield f"the database alias {alias.name} ({alias.vendor}); only PostgreSQL is rehearsed"
