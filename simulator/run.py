"""The pipeline, readable aloud: sources -> plan -> engine -> environment -> baseline -> rehearsal -> report."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

from simulator import engines
from simulator.baseline import build, extensions
from simulator.baseline.disk import told_when_full
from simulator.baseline.restore_errors import read_log
from simulator.baseline.roles import is_answer
from simulator.baseline.sandbox import Sandbox
from simulator.diagnosis import Diagnosis, Trials, diagnose
from simulator.dumps.checksum import Checksum
from simulator.engines import Choice
from simulator.engines.base import Environment
from simulator.engines.plan import SUPERUSER
from simulator.errors import CannotTell, TimedOut
from simulator.host import store
from simulator.host.deadline import deadline, disarm
from simulator.host.progress import Progress
from simulator.model import Address, Failure, History, Phase, Report, Trace, Verdict
from simulator.postgres import database
from simulator.postgres.sqlstate import INSUFFICIENT_PRIVILEGE
from simulator.postgres.version import major
from simulator.project import database_url, planning
from simulator.project.environment import unset
from simulator.rehearsal.hang import AT_THE_TIMEOUT, Hung, said
from simulator.rehearsal.runs import NOBODY, Rehearsals
from simulator.rehearsal.trace import doubt_failure, name_owner, note_unfilled_alias
from simulator.report import Machine, Rehearsed, of_conflict
from simulator.report import build as build_report
from simulator.scenario import Scenario
from simulator.scenario.duration import seconds
from simulator.scenario.files import LoadedScenario
from simulator.sources import trees
from simulator.sources.trees import Sources, main_dump
from simulator.tenants import diagnose_schemas
from simulator.trials import script_trial
from simulator.trials.script_trial import Language
from simulator.verdict import Evidence, Judgement, judge


def rehearse(
    loaded: LoadedScenario,
    engine: str,
    progress: Progress,
    *,
    keep: bool = False,
    trials: Trials = "all",
    reset: bool = False,
) -> Report:
    """Rehearse one scenario from its file to its verdict; nothing that it made is left when it returns.

    ``trials``: which fixes are tried where migrate would fail; ``reset``: the last resort as well. Raises UsageError
    for a scenario that can't be meant, CannotTell when it could not be found out.
    """
    return _run(loaded, engine, progress, keep=keep, trials=trials, reset=reset)[0]


def rehearse_fix(
    loaded: LoadedScenario, engine: str, progress: Progress, language: Language = "sh"
) -> tuple[Report, str | None]:
    """The same, and the recommended fix as a script that was rehearsed as well; None: nothing is recommended.

    Raises UsageError where it can't be written in that language.
    """
    return _run(loaded, engine, progress, trials="until one works", script=language)


def _run(
    loaded: LoadedScenario,
    engine: str,
    progress: Progress,
    *,
    trials: Trials,
    keep: bool = False,
    reset: bool = False,
    script: Language | None = None,
) -> tuple[Report, str | None]:
    clock, started = time.monotonic(), datetime.now(UTC)
    leftovers: list[str] = []
    text: str | None = None
    with _limit(loaded.scenario, progress), store.open_run(keep=keep) as run:
        with progress.stage("sources", "reading the scenario's code and dumps"):
            found = trees.gather(loaded.scenario, loaded.root, run.folder, started)
            loaded = _with_tier(loaded, found)
        if found.code.conflicts:
            result = of_conflict(loaded.scenario, found)
        else:
            choice = _choose(loaded, found, engine, progress)
            with _opened(loaded, found, choice, _telling(run, choice, progress), progress) as stage:
                result, text = _conclude(stage, trials=trials, reset=reset, script=script)
            leftovers = [] if keep else _leftovers(run, choice)
    report_ = replace(
        result,
        started=started.isoformat(timespec="seconds"),
        seconds=time.monotonic() - clock,
        timings=dict(progress.timings),
        leftovers=tuple(leftovers),
    )
    return report_, text


def _with_tier(loaded: LoadedScenario, found: Sources) -> LoadedScenario:
    """Dumps that bring no rows but the history's are tier schema by themselves: nothing is said of rows."""
    if not trees.without_rows(found):
        return loaded
    rehearse = loaded.scenario.rehearse.model_copy(update={"tier": "schema"})
    return replace(loaded, scenario=loaded.scenario.model_copy(update={"rehearse": rehearse}))


def history_of(loaded: LoadedScenario, engine: str, progress: Progress) -> History:
    """The baseline's history against the code's files, without migrating. Raises CannotTell."""
    with _limit(loaded.scenario, progress), store.open_run() as run:
        found = trees.gather(loaded.scenario, loaded.root, run.folder, datetime.now(UTC))
        choice = _choose(loaded, found, engine, progress)
        with _opened(loaded, found, choice, _telling(run, choice, progress), progress) as stage:
            trace = stage.settings
            if _has_loaded(trace):
                with _sandbox(stage).clone() as databases, progress.stage("inspect", "reading the history"):
                    trace = stage.rehearsals.inspect(found.code, databases)
    if trace.history is None:
        failure = trace.failure
        if failure is not None and failure.is_hang:
            raise TimedOut(said(failure), "set a longer rehearse.timeout in the scenario")
        why = failure.message if failure else "its process ended before it could report"
        raise CannotTell(f"the project could not say its history: {why}", f"migsim run {loaded.scenario.name}")
    return trace.history


@dataclass(frozen=True)
class Stage:
    """What stands once an environment is open and the project's settings were loaded in it."""

    loaded: LoadedScenario
    found: Sources
    choice: Choice
    environment: Environment
    rehearsals: Rehearsals
    settings: Trace
    checksum: Checksum | None
    progress: Progress
    keep: bool


def _telling(run: store.Run, choice: Choice, progress: Progress) -> store.Run:
    """The run, which says what takes long before it begins: no minutes go by where the settings can't load anyway."""

    def tell(text: str) -> None:
        if missing := choice.plan.lacking:
            names = [one.partition(" ")[0] for one in missing]
            raise CannotTell(
                f"the settings need environment variables that are not set: {', '.join(missing)}",
                f"add to the command: {' '.join(f'--env {name}=VALUE' for name in names)}",
            )
        progress.say(text)

    return replace(run, tell=tell)


@contextmanager
def _opened(
    loaded: LoadedScenario, found: Sources, choice: Choice, run: store.Run, progress: Progress
) -> Iterator[Stage]:
    scenario = loaded.scenario
    with ExitStack() as stack:
        dump = main_dump(found)
        checksum = stack.enter_context(Checksum.of(dump)) if dump else None
        with progress.stage("open", f"starting PostgreSQL {choice.plan.postgres_major} ({choice.engine.name})"):
            environment = stack.enter_context(choice.engine.open(choice.plan, run))
        stack.enter_context(told_when_full(environment))
        rehearsals = Rehearsals(
            environment=environment,
            settings=scenario.django.settings,
            alias=scenario.django.database,
            command=scenario.rehearse.command,
            work=run.folder,
            own_code=planning.brings_code(choice.plan.dependencies),
            in_full=run.folder / "errors.txt" if run.keep else None,
            scheme=database_url.scheme((choice.plan.environment, os.environ), (choice.plan.project, choice.plan.tree)),
        )
        # Before the restore: a settings module that does not load should not cost an hour of restoring.
        with progress.stage("settings", "loading the project's settings"):
            settings = _as_far_as_it_came(lambda: rehearsals.settings_only(found.code))
        try:
            yield Stage(loaded, found, choice, environment, rehearsals, settings, checksum, progress, run.keep)
        finally:
            disarm()


def _conclude(stage: Stage, *, trials: Trials, reset: bool, script: Language | None) -> tuple[Report, str | None]:
    """Restore, rehearse on a clone (once more as superuser where a refusal may be the sandbox's), judge, diagnose.

    The report, and where it is asked for and something is recommended, the script.
    """
    if not _has_loaded(stage.settings):
        evidence = Evidence(trace=stage.settings, timeout=stage.loaded.scenario.rehearse.timeout)
        return build_report(_rehearsed(stage, judge(evidence), evidence.trace)), None
    sandbox = _sandbox(stage)
    evidence = _rehearse_migrate(stage, sandbox)
    judgement = judge(evidence)
    diagnosis = _diagnose(stage, sandbox, evidence, judgement, trials=trials, reset=reset)
    done = replace(_rehearsed(stage, judgement, evidence.trace), baseline=sandbox.baseline, diagnosis=diagnosis)
    if stage.keep:
        done = replace(done, kept=stage.environment.how_to_enter("rehearsal1_0"))
    report = build_report(done)
    return report, _script(stage, sandbox, diagnosis, report, script) if script and diagnosis else None


def _rehearse_migrate(stage: Stage, sandbox: Sandbox) -> Evidence:
    base, scenario = sandbox.baseline, stage.loaded.scenario
    trace = _migrate(stage, sandbox, sandbox.user)
    refused = trace.failure is not None and trace.failure.sqlstate == INSUFFICIENT_PRIVILEGE
    role_decides = not base.role.automatic or (trace.failure is not None and is_answer(base.role, trace.failure))
    return Evidence(
        restores=base.restores,
        trace=trace,
        as_superuser=_as_superuser(stage, sandbox) if refused and not role_decides else None,
        role_decides=role_decides,
        tier=scenario.rehearse.tier,
        command=scenario.rehearse.command,
        role=base.role.project_user,
        restores_dump=any(step.restore for step in scenario.baseline),
        histories=base.histories,
        without_rows=base.without_rows,
        refused_version=_refused_version(stage, trace),
        timeout=scenario.rehearse.timeout,
    )


def _diagnose(
    stage: Stage, sandbox: Sandbox, evidence: Evidence, judgement: Judgement, *, trials: Trials, reset: bool
) -> Diagnosis | None:
    """What else would fail, why, and what mends it: only where migrate itself would fail, the sandbox not in doubt."""
    trace = evidence.as_superuser or evidence.trace
    if judgement.verdict is not Verdict.WOULD_FAIL or trace is None or trace.failure is None:
        return None
    if trace.ended == AT_THE_TIMEOUT:
        return None
    if trace.failure.sandbox or judgement.failure not in (trace.failure, *sandbox.baseline.errors):
        return None
    tier = stage.loaded.scenario.rehearse.tier
    if trace.failure.in_schema is not None:
        tenants = trace.tenants or ()
        return diagnose_schemas(
            sandbox, trace.failure, trace.history, tenants, stage.progress, tier=tier, trials=trials
        )
    return diagnose(sandbox, trace.failure, trace.history, stage.progress, tier=tier, trials=trials, reset=reset)


def _rehearsed(stage: Stage, judgement: Judgement, trace: Trace | None) -> Rehearsed:
    """What every report begins with, however far the rehearsal came."""
    environment, scenario = stage.environment, stage.loaded.scenario
    return Rehearsed(
        scenario=scenario,
        sources=stage.found,
        machine=Machine(stage.choice.engine.name, environment.server_version, environment.warnings),
        settings=stage.settings,
        judgement=judgement,
        trace=trace,
        dump_sha256=stage.checksum.value() if stage.checksum else None,
        unset=tuple(unset(scenario.django, stage.loaded.root, os.environ)),
        asked=stage.loaded.asked,
        in_full=_in_full(stage),
    )


def _in_full(stage: Stage) -> str:
    """Where the errors stand as they are, the server's last; only in a run that is kept."""
    path = stage.rehearsals.in_full
    if path is None:
        return ""
    rows = list(read_log(stage.environment.server_log()))
    with path.open("a") as file:
        file.writelines(f"{row.sqlstate} {row.message}\n{row.statement}\n" for row in rows)
    path.chmod(0o600)
    return str(path) if path.stat().st_size else ""


def _script(stage: Stage, sandbox: Sandbox, diagnosis: Diagnosis, result: Report, language: Language) -> str | None:
    """The recommended fix as a script; None where nothing is recommended."""
    fix = next((fix for fix in diagnosis.fixes if fix.recommended), None)
    if fix is None or diagnosis.situation is None:
        return None
    with stage.progress.stage("script", "rehearsing the script of the fix"):
        dated = replace(result, started=datetime.now(UTC).isoformat(timespec="seconds"))
        return script_trial.rehearsed(fix, diagnosis.plan, diagnosis.situation, sandbox, dated, language)


def _sandbox(stage: Stage) -> Sandbox:
    """Build the baseline, and what runs on copies of it."""
    base = build.build(
        stage.loaded,
        stage.found,
        stage.environment,
        stage.rehearsals,
        stage.settings.aliases,
        stage.progress,
        settings_user=_settings_user(stage),
        keep=stage.keep,
    )
    alias = stage.loaded.scenario.django.database
    return Sandbox(stage.environment, base, stage.rehearsals, stage.found.code, alias)


def _settings_user(stage: Stage) -> str | None:
    """Whom the settings name; where they take that from DATABASE_URL or PGUSER, whom the project's own value names."""
    alias = next((one for one in stage.settings.aliases if one.name == stage.loaded.scenario.django.database), None)
    own = stage.choice.plan.environment
    from_url = unquote(urlsplit(own.get("DATABASE_URL", "")).username or "")
    user = alias.user if alias else None
    return user if user not in (None, NOBODY) else from_url or own.get("PGUSER")


def _migrate(stage: Stage, sandbox: Sandbox, called: str) -> Trace:
    with ExitStack() as stack:
        with stage.progress.stage("clone", "copying the restored database"):
            databases = stack.enter_context(sandbox.clone(keep=stage.keep))
        with stage.progress.stage("migrate", f"rehearsing migrate as {called}"):
            trace = _as_far_as_it_came(lambda: sandbox.rehearsals.migrate(sandbox.code, databases))
        trace = note_unfilled_alias(trace, sandbox.baseline.unfilled)
        if trace.failure:
            trace = doubt_failure(trace, extensions.doubt(trace.failure, sandbox.baseline.left_out))
        return _with_owner(trace, sandbox.address(databases))


def _as_far_as_it_came(run: Callable[[], Trace]) -> Trace:
    """What was told of it where the time is over meanwhile, too: a hang is a finding."""
    try:
        return run()
    except Hung as hung:
        return hung.trace


def _with_owner(trace: Trace, place: Address) -> Trace:
    """After a refusal: the trace with the object and its owner named in its failure."""
    failure = trace.failure
    if failure is None or failure.sqlstate != INSUFFICIENT_PRIVILEGE or not failure.relation:
        return trace
    if failure.denied_by_database:
        return trace
    with database.connect(place) as connection:
        owner = database.owner_of(connection, failure.relation, failure.schema_name)
    return name_owner(trace, owner) if owner else trace


def _as_superuser(stage: Stage, sandbox: Sandbox) -> Trace | None:
    """As the same role with every privilege: a role of another name would have another search_path.

    None where there is no time left for it.
    """
    with contextlib.suppress(TimedOut):
        with database.connect(stage.environment.address("postgres", SUPERUSER)) as admin:
            database.make_superuser(admin, sandbox.user)
        return _migrate(stage, sandbox, "a superuser")
    return None


def _has_loaded(settings: Trace) -> bool:
    return settings.complete and settings.failure is None


def _choose(loaded: LoadedScenario, found: Sources, engine: str, progress: Progress) -> Choice:
    choice = engines.choose(engine, planning.plans(loaded, found))
    progress.say(choice.why)
    return choice


@contextmanager
def _limit(scenario: Scenario, progress: Progress) -> Iterator[None]:
    """What is not over in time ends with what it was doing in the message."""
    timeout = scenario.rehearse.timeout
    message = f"{scenario.name}: not finished within rehearse.timeout ({timeout})"
    try:
        with deadline(seconds(timeout), message, "set a longer rehearse.timeout in the scenario"):
            yield
    except TimedOut as over:
        raise TimedOut(f"{over.message}, while {progress.doing}", over.hint) from over


def _refused_version(stage: Stage, trace: Trace) -> Failure | None:
    """Django's refusal of the server that the dump came from, which a newer one standing in for it would hide."""
    dump, least = main_dump(stage.found), trace.dependency.get("minimum_database_version")
    asked_for = stage.loaded.scenario.postgres.version is not None
    if dump is None or dump.dumped_from is None or least is None or asked_for:
        return None
    if (major(dump.dumped_from) or 0) >= (major(least) or 0):
        return None
    return Failure(
        exception="django.db.utils.NotSupportedError",
        message=f"PostgreSQL {least} or later is required (found {dump.dumped_from}).",
        phase=Phase.CHECK,
    )


def _leftovers(run: store.Run, choice: Choice) -> list[str]:
    """What of this run could not be removed, by its own ledger."""
    entries = store.read_ledger(run.folder)
    return [f"{one['kind']} {one.get('name', '')}".strip() for one in entries if not choice.engine.remove(one)]
