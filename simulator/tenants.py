"""A project whose migrate goes through several schemas, one a tenant: each schema at fault is diagnosed by itself.

What mends one acts on that one alone. Only the last step, the project's own migrate, goes through all of them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from simulator import causes
from simulator.baseline.sandbox import Sandbox
from simulator.diagnosis import OVER, Diagnosis, Trials, cut_short, diagnose
from simulator.errors import TimedOut
from simulator.findings import survey
from simulator.findings.case import Case
from simulator.findings.situation import CodeFacts, Reference, Situation, SurveyFacts
from simulator.host.progress import Progress
from simulator.model import Address, Failure, Finding, Fix, FixOutcome, History, Step
from simulator.postgres import ddl
from simulator.trials import plans, trial
from simulator.trials.verification import Verified
from simulator.wording import and_more, listed

MOST_SCHEMAS = 20  # at fault; each costs a survey and a trial at the least
COMMAND = "migrate_schemas"  # of django-tenants, whose migrate is the same


@dataclass(frozen=True)
class Part:
    """What one schema came to."""

    schema: str
    diagnosis: Diagnosis


def diagnose_schemas(
    sandbox: Sandbox,
    failure: Failure,
    history: History | None,
    tenants: Sequence[str],
    progress: Progress,
    *,
    tier: Literal["data", "schema"],
    trials: Trials,
) -> Diagnosis:
    """``tenants`` are the schemas that the project's table of tenants names. Raises EngineDied."""
    try:
        with progress.stage("survey", "looking for everything else that would fail, in every schema"):
            seen = survey.look(sandbox, history, tier)
    except TimedOut as over:
        return Diagnosis((Finding(1, failure),), warnings=(cut_short(over, progress.doing),))
    met = _by_schema(failure, seen.survey)
    there = {fact.schema for fact in seen.database.catalog}
    looked_at = [schema for schema in met if schema in there][:MOST_SCHEMAS]
    parts: list[Part] = []
    for schema in looked_at:
        if any(text.startswith(OVER) for part in parts for text in part.diagnosis.warnings):
            break
        within = sandbox.within(schema)
        found = diagnose(within, met[schema], None, progress, tier=tier, trials=_without_peoples(trials))
        parts.append(Part(schema, found))
    looked_at = [part.schema for part in parts]
    parts += [Part(schema, _gone(seen, met[schema])) for schema in met if schema not in there]
    findings = tuple(_numbered(parts, [one for one in tenants if one in there and one != seen.database.shared_schema]))
    warnings = tuple(dict.fromkeys(text for part in parts for text in part.diagnosis.warnings))
    rest = [schema for schema in met if schema in there and schema not in looked_at]
    if rest:
        warnings = (*warnings, f"not looked at: the schemas {listed(rest[:5])}{and_more(rest, 5)}")
    fix = _together(parts, sandbox.options)
    if trials != "none" and not rest and not plans.needs_person(fix) and _all_work(parts):
        try:
            with progress.stage("trials", "trying all of it at once, in every schema"):
                fix = _tried(fix, parts, sandbox)
        except TimedOut as over:
            warnings = (*warnings, cut_short(over, progress.doing))
    return Diagnosis(findings, plans.ranked((fix,)), warnings)


def _without_peoples(trials: Trials) -> Trials:
    return "none" if trials == "none" else "until one works"


def _by_schema(failure: Failure, seen: SurveyFacts) -> Mapping[str, Failure]:
    """The first failure in each schema, in the order met."""
    failures = (failure, *(one.failure for one in seen.met), seen.stopped)
    found: dict[str, Failure] = {}
    for one in failures:
        if one is not None and one.in_schema is not None:
            found.setdefault(one.in_schema, one)
    return found


def _gone(seen: survey.Seen, failure: Failure) -> Diagnosis:
    """Of a tenant whose schema is not there: nothing can be looked at, and only a person knows what became of it."""
    finding = Finding(1, failure)
    nothing = Situation(failure, History(), seen.database, SurveyFacts(), CodeFacts(), Reference(complete=False))
    schema = failure.in_schema or ""
    text = (
        f"decide what becomes of the tenant {schema}, whose rows are gone with its schema: bring it back from a "
        f"backup, make it anew without rows (CREATE SCHEMA {ddl.quote(schema)}; the last step fills it), "
        "or take it out of the table of tenants"
    )
    fix = Fix(
        "ask-a-person",
        "Decide what becomes of a tenant without a schema",
        (Step(person=text), Step(manage=("migrate",))),
    )
    return Diagnosis((replace(finding, cause=causes.name_cause(Case(nothing, finding))),), (fix,))


def _numbered(parts: Sequence[Part], tenants: Sequence[str]) -> Iterator[Finding]:
    """All findings in one row, each saying which schemas have it and which have not."""
    shift = 0
    for part in parts:
        for one in part.diagnosis.findings:
            above = one.cascade_of + shift if one.cascade_of else None
            cause = (
                replace(one.cause, evidence=(*one.cause.evidence, _where(one, parts, tenants))) if one.cause else None
            )
            at = replace(one.failure, in_schema=part.schema)
            yield replace(one, id=one.id + shift, cascade_of=above, failure=at, cause=cause)
        shift += len(part.diagnosis.findings)


def _where(finding: Finding, parts: Sequence[Part], tenants: Sequence[str]) -> str:
    """Of all tenants, those that have the same finding."""
    same = [
        part.schema for part in parts if any(_alike(finding.failure, one.failure) for one in part.diagnosis.findings)
    ]
    others = [schema for schema in tenants if schema not in same]
    return f"in {listed(same, 'the schema', 'the schemas')}{f'; not in {listed(others)}' if others else ''}"


def _alike(one: Failure, other: Failure) -> bool:
    fields = ("phase", "migration", "sqlstate", "relation", "column_name", "constraint_name")
    return all(getattr(one, name) == getattr(other, name) for name in fields)


def _all_work(parts: Sequence[Part]) -> bool:
    return all(any(fix.recommended for fix in part.diagnosis.fixes) for part in parts)


def _together(parts: Sequence[Part], options: tuple[str, ...]) -> Fix:
    """Each schema's best, one after the other, then the project's own migrate."""
    chosen = [next((fix for fix in part.diagnosis.fixes if fix.recommended), None) or _first(part) for part in parts]
    kinds = list(dict.fromkeys(fix.id for fix in chosen))
    shifts, ids = 0, list[int]()
    for part, fix in zip(parts, chosen, strict=True):
        ids += [root + shifts for root in fix.mends]
        shifts += len(part.diagnosis.findings)
    return Fix(
        id=kinds[0] if len(kinds) == 1 else plans.ID,
        title="; ".join(f"{fix.title}, in {part.schema}" for part, fix in zip(parts, chosen, strict=True)),
        steps=(*(step for fix in chosen for step in _own_steps(fix)), Step(manage=("migrate", *options))),
        note="; ".join(dict.fromkeys(fix.note for fix in chosen if fix.note)),
        mends=tuple(ids),
        proofs=tuple(proof for fix in chosen for proof in fix.proofs),
    )


def _first(part: Part) -> Fix:
    return next(iter(part.diagnosis.fixes), Fix("fix-plan", "Nothing that was tried works", ()))


def _own_steps(fix: Fix) -> Iterator[Step]:
    """Without its last migrate, and in the words of the command that acts on one schema."""
    last = max((place for place, step in enumerate(fix.steps) if _is_whole_migrate(step)), default=None)
    for place, step in enumerate(fix.steps):
        if place != last:
            yield replace(step, manage=(COMMAND, *step.manage[1:])) if step.manage[:1] == ("migrate",) else step


def _is_whole_migrate(step: Step) -> bool:
    return step.manage[:1] == ("migrate",) and all(word.startswith("--") for word in step.manage[1:])


def _tried(fix: Fix, parts: Sequence[Part], sandbox: Sandbox) -> Fix:
    """On one clone, and every schema at fault verified after it."""
    with sandbox.clone() as databases:
        trace = sandbox.rehearsals.trial(sandbox.code, databases, trial.without_migrate(fix.steps, sandbox.options))
        failure = trial.failure_of(trace)
        if failure is not None:
            return trial.judged(fix, trace, failure, None)
        done = [trial.judged(fix, trace, None, _verified(part, sandbox.address(databases))) for part in parts]
    wrong = [one for one in done if one.outcome is not FixOutcome.WORKS]
    return wrong[0] if wrong else done[0]


def _verified(part: Part, place: Address) -> Verified:
    situation, plan = part.diagnosis.situation, part.diagnosis.plan
    assert situation is not None
    discards, recorded = (plan.discards, plan.recorded) if plan else (frozenset(), frozenset())
    return trial.verify(situation, place, discards, recorded)
