"""What was found out -> a verdict, the failure it names, an exit code. The only place that decides.

A verdict other than SAFE needs a reason; SAFE needs all of: migrate ran to its end, a second migrate had nothing
to do, every model could be selected from, and nothing about the sandbox itself stood in the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.errors import ExitCode
from simulator.model import Failure, Phase, Tables, Trace, Verdict
from simulator.postgres.sqlstate import INSUFFICIENT_PRIVILEGE
from simulator.scenario import Expect
from simulator.wording import MOST_NAMED, TWO_DUMPS, and_more, some

# No data, cardinality, data exceptions, violations, a function's own RAISE: SQLSTATE's classes that speak of rows.
CLASSES_OF_ROWS = ("02", "21", "22", "23", "P0")


# What runs in phases that belong to no migration.
PLACES = {
    Phase.SETTINGS: "the project's own start",
    Phase.CHECK: "a system check",
    Phase.LOAD: "reading the migration files",
    Phase.PRE_MIGRATE: "a pre_migrate receiver",
    Phase.POST_MIGRATE: "a post_migrate receiver",
    Phase.SMOKE: "what comes after migrate (a second migrate, a SELECT from each model)",
}
# Where a failure says nothing of the database that the dump made.
_BEFORE_THE_DATABASE = (Phase.SETTINGS, Phase.CHECK, Phase.LOAD)
_TAKE_BOTH = f"take {' and '.join(f'`{line}`' for line in TWO_DUMPS)}"


@dataclass(frozen=True)
class RestoreErrors:
    """What one baseline step printed that was not benign."""

    errors: tuple[Failure, ...]
    over_data: bool  # the database was not empty before
    by_hand: bool = False  # it was a script, and no dump


@dataclass(frozen=True)
class Evidence:
    """What the verdict stands on."""

    restores: tuple[RestoreErrors, ...] = ()
    trace: Trace | None = None
    # The same rehearsal as superuser; made when a role that nobody named met a 42501.
    as_superuser: Trace | None = None
    # The scenario names the role, or it is a superuser already: then a refusal is the answer.
    role_decides: bool = False
    tier: str = "data"
    command: tuple[str, ...] = ("migrate",)
    role: str | None = None
    # Of a baseline that restores a dump: schemas with a django_migrations, and whether no table has a row.
    restores_dump: bool = False
    histories: tuple[str, ...] = ()
    without_rows: bool = False
    # Where the server is newer than the one the dump came from, Django's refusal of the old one.
    refused_version: Failure | None = None
    timeout: str = ""  # as the scenario has it


@dataclass(frozen=True)
class Judgement:
    """A verdict with the failure it names and, for UNKNOWN, the sentence that says why."""

    verdict: Verdict
    failure: Failure | None = None
    because: str = ""


def judge(evidence: Evidence) -> Judgement:
    """Decide. The order of the questions is the order of what a person would meet."""
    for step in (_judge_restore, _judge_dump, _judge_trace):
        if judgement := step(evidence):
            return judgement
    return Judgement(Verdict.SAFE)


def _judge_restore(evidence: Evidence) -> Judgement | None:
    trace_failure = evidence.trace.failure if evidence.trace else None
    for restore in evidence.restores:
        if restore.errors and not restore.over_data:
            named = ", ".join(dict.fromkeys(_object(error) for error in restore.errors[:MOST_NAMED]))
            more = and_more([error.message for error in restore.errors])
            because = f"the dump did not restore whole into an empty database ({named}{more})"
            return Judgement(Verdict.UNKNOWN, trace_failure or restore.errors[0], because)
    for restore in evidence.restores:
        if restore.errors:
            sandbox = next((error for error in restore.errors if error.sandbox), None)
            if sandbox:
                return Judgement(Verdict.UNKNOWN, sandbox, str(sandbox.sandbox))
            return Judgement(Verdict.WOULD_FAIL, restore.errors[0])
    return None


def _judge_dump(evidence: Evidence) -> Judgement | None:
    """Whether the dump is one of this project's database: a backup that died must not look like a quiet night."""
    trace = evidence.trace
    failure = trace.failure if trace else None
    if not evidence.restores_dump or trace is None or (failure and failure.phase in _BEFORE_THE_DATABASE):
        return None
    because = _hollow(evidence, trace.tables)
    return Judgement(Verdict.UNKNOWN, failure, because) if because else None


def _hollow(evidence: Evidence, tables: Tables | None) -> str | None:
    if evidence.histories and evidence.without_rows:
        return f"all tables of the dump came without rows, django_migrations too: {_TAKE_BOTH}"
    if tables is None:
        return None
    if not evidence.histories and tables.code and not tables.code_there:
        return "the dump holds neither a django_migrations nor any table of the project's code: is it of its database?"
    # A single one that is missing has been dropped by somebody; migrate, or a look at the models, says so.
    if 2 * tables.recorded_there < tables.recorded != tables.recorded_there + 1:
        return (
            f"of {tables.recorded} tables that the dump's own recorded migrations make, {tables.recorded_there} are "
            "there: is the dump whole?"
        )
    return None


def _judge_trace(evidence: Evidence) -> Judgement | None:
    trace = evidence.trace
    if evidence.refused_version:
        return Judgement(Verdict.WOULD_FAIL, evidence.refused_version)
    if trace is None:
        return Judgement(Verdict.UNKNOWN, None, "migrate was not rehearsed")
    if trace.failure:
        return _judge_failure(evidence, trace.failure)
    return _judge_success(evidence, trace)


def _judge_failure(evidence: Evidence, failure: Failure) -> Judgement:
    if failure.is_hang:
        return Judgement(Verdict.UNKNOWN, failure, _still_running(evidence, failure))
    if failure.phase is Phase.SETTINGS:
        return Judgement(Verdict.UNKNOWN, failure, failure.sandbox or "the project's settings did not load")
    if failure.sandbox:
        return Judgement(Verdict.UNKNOWN, failure, failure.sandbox)
    if failure.sqlstate == INSUFFICIENT_PRIVILEGE and not evidence.role_decides:
        return _judge_denied(evidence, failure)
    if _may_lack_rows(evidence, failure):
        because = f"{failure.migration or failure.phase} may have failed for the rows that were left out (tier: schema)"
        return Judgement(Verdict.UNKNOWN, failure, because)
    return Judgement(Verdict.WOULD_FAIL, failure)


def _still_running(evidence: Evidence, failure: Failure) -> str:
    where = failure.migration or PLACES.get(failure.phase, "migrate")
    limit = f" ({evidence.timeout})" if evidence.timeout else ""
    return f"{where} was still running when rehearse.timeout{limit} was over"


def _may_lack_rows(evidence: Evidence, failure: Failure) -> bool:
    """Whether what failed works on rows, in a way that their absence explains: never a name that is not there."""
    if evidence.tier != "schema" or evidence.trace is None:
        return False
    if failure.sqlstate and failure.sqlstate[:2] not in CLASSES_OF_ROWS:
        return False
    where = failure.migration or str(failure.phase)
    what = f"{where}: {failure.operation or ''}"
    return any(named.startswith(what) for named in evidence.trace.data_dependent or ())


def _judge_denied(evidence: Evidence, denied: Failure) -> Judgement:
    """A dump carries no role memberships, so a refusal may be the sandbox's: what the superuser meets decides."""
    again = evidence.as_superuser.failure if evidence.as_superuser else None
    if again and not (again.sandbox or again.is_hang) and again.phase is not Phase.SETTINGS:
        return Judgement(Verdict.WOULD_FAIL, again)
    what = denied.denied or denied.message
    role = f"role {evidence.role}" if evidence.role else "the project's role"
    because = f"{role} was refused ({what}), and a dump does not say of which roles it is a member"
    return Judgement(Verdict.UNKNOWN, denied, because)


def _judge_success(evidence: Evidence, trace: Trace) -> Judgement | None:
    if not trace.complete:
        how = f" ({trace.ended})" if trace.ended else ""
        return Judgement(Verdict.UNKNOWN, None, f"the project's process ended before it could report{how}")
    if trace.second_migrate is None or trace.models_read is None:
        return Judgement(Verdict.UNKNOWN, None, "the checks after migrate did not run")
    because = _unrehearsed(evidence, trace) or _unknown_without_rows(evidence, trace)
    return Judgement(Verdict.UNKNOWN, None, because) if because else None


def _unrehearsed(evidence: Evidence, trace: Trace) -> str | None:
    """Why pending migrations were not tried, although the command exited 0."""
    command = " ".join(evidence.command)
    if trace.left is None:
        return "what is still pending after migrate could not be read"
    if "--fake" in evidence.command:
        return f"{command} changes nothing, and whether the database has what it records was not compared"
    if trace.left and not (trace.migrations and names_targets(evidence.command)):
        return f"{command} exited 0 but left pending, so not rehearsed: {some(trace.left)}"
    return None


def names_targets(command: Sequence[str]) -> bool:
    """Whether the command asks for a part of the plan: ``migrate blog``."""
    return any(not argument.startswith("-") for argument in command[1:])


def _unknown_without_rows(evidence: Evidence, trace: Trace) -> str | None:
    if evidence.tier != "schema" or trace.data_dependent == ():
        return None
    if trace.data_dependent is None:
        return "without rows, and without a plan that could be read, it can't be told what migrate would do"
    return f"without rows it can't be told what these would do: {'; '.join(trace.data_dependent[:3])}"


def exit_code(judgement: Judgement, expect: Expect | None) -> ExitCode:
    """0 safe, or exactly what ``expect`` says; 1 would fail; 3 unknown that nobody expected."""
    if expect is None:
        return {Verdict.SAFE: ExitCode.SAFE, Verdict.WOULD_FAIL: ExitCode.WOULD_FAIL}.get(
            judgement.verdict, ExitCode.CANNOT_TELL
        )
    if meets(judgement, expect):
        return ExitCode.SAFE
    return ExitCode.CANNOT_TELL if judgement.verdict is Verdict.UNKNOWN else ExitCode.WOULD_FAIL


def meets(judgement: Judgement, expect: Expect) -> bool:
    """Whether the verdict is exactly the expected one, with the migration and SQLSTATE where they are named."""
    failure = judgement.failure
    return (
        judgement.verdict == expect.verdict
        and (expect.migration is None or (failure is not None and failure.migration == expect.migration))
        and (expect.sqlstate is None or (failure is not None and failure.sqlstate == expect.sqlstate))
    )


def unmet(judgement: Judgement, expect: Expect | None) -> str:
    """What was expected, in words, where it came to something else."""
    if expect is None or meets(judgement, expect):
        return ""
    return " ".join(filter(None, (expect.verdict, expect.migration, expect.sqlstate)))


def not_checked(*, dump: bool, tier: str, left: Sequence[str] = ()) -> tuple[str, ...]:
    """What this way of rehearsing cannot show, whatever its verdict. ``left`` is pending after the command."""
    notes = ["locks, timeouts and live traffic"]
    if left:
        notes.append(f"what the command left pending ({some(left)})")
    if dump:
        notes += [
            "INVALID indexes (a dump carries none)",
            "settings of the database and its roles (a dump carries them only in part)",
        ]
    if tier == "schema":
        notes.append("data-dependent errors (tier: schema)")
    return tuple(notes)


def _object(error: Failure) -> str:
    state = f"{error.sqlstate} " if error.sqlstate else ""
    return f"{state}{error.relation or error.message}"
