"""Mends of single roots put together to a plan for the whole database, and which plan is next after a trial."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from simulator import fixes
from simulator.causes import missing_dependency, models_of_today
from simulator.findings import data_migrations
from simulator.findings.case import Case
from simulator.findings.graph import ancestors, app_of
from simulator.findings.never_ran import never_ran
from simulator.findings.situation import Situation
from simulator.fixes import fake_everything, fake_initial, migrate_first, route, set_aside
from simulator.fixes.route import Mend
from simulator.model import Fact, Failure, Finding, Fix, FixOutcome, Step
from simulator.postgres import ddl, locks
from simulator.trials import proofs
from simulator.wording import some

ID = "fix-plan"  # of a plan that takes several kinds of fixes

_CHANGES_ROWS = re.compile(r"\s*(INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)

_SAY_WHY_ALREADY = (missing_dependency.ID, models_of_today.ID)

# How many plans are tried at most: each costs a clone and a rehearsal.
MOST_PLANS = 6


@dataclass(frozen=True)
class Plan:
    """One mend for each root, as a fix that can be tried. ``left``: roots that only a person can mend."""

    fix: Fix
    mends: tuple[Mend, ...]
    left: tuple[Finding, ...] = ()

    @property
    def history(self) -> tuple[str, ...]:
        """The statements that come before anything else."""
        return tuple(sql for mend in self.mends for sql in mend.history)

    @property
    def discards(self) -> frozenset[Fact]:
        """What held no rows and is dropped on purpose."""
        return frozenset(fact for mend in self.mends for fact in mend.discards)

    @property
    def recorded(self) -> frozenset[str]:
        """The migrations whose rows those statements write."""
        return frozenset(name for mend in self.mends for name in mend.recorded)

    @property
    def written(self) -> frozenset[str]:
        """All migrations whose rows the plan writes without running them."""
        return self.recorded.union(*(mend.fake for mend in self.mends))

    @property
    def worth_a_trial(self) -> bool:
        """A plan that leaves roots to a person may show that they were none; one that mends nothing shows nothing."""
        return bool(self.mends)


@dataclass(frozen=True)
class Choices:
    """Which of each root's mends is taken; it starts with the first."""

    situation: Situation
    options: tuple[str, ...]
    of_roots: Mapping[int, tuple[Mend, ...]]
    taken: Mapping[int, int] = field(default_factory=dict)
    given_up: bool = False  # a root is a person's after all else has failed: no plan works

    def plan(self) -> Plan:
        """As chosen, without what only a person can do."""
        chosen, left = [], []
        for root in self.situation.roots:
            mend = self._taken(root.id)
            if mend is None or mend.person:
                left.append(root)
            else:
                chosen.append(mend)
        return Plan(_fix(self.situation, chosen, self.options), tuple(chosen), tuple(left))

    def with_persons(self) -> Fix:
        """The whole plan with the steps that are a person's, for the roots that nothing else mends. Never tried."""
        mends = [mend for root in self.situation.roots if (mend := self._taken(root.id))]
        return _fix(self.situation, mends, self.options)

    def left_to_persons(self) -> Choices:
        """Each root to a person, where none is to blame more than another."""
        return self if self.given_up else self._with({root: len(found) - 1 for root, found in self.of_roots.items()})

    def after(self, failure: Failure | None, drift: Sequence[str], plan: Plan, step: Step | None = None) -> Choices:
        """After a plan that did not work: another mend for the root that it failed at, else for another root.

        ``step`` is the one that failed: whatever other roots do instead, it fails again. Where there is no other mend,
        that root is a person's; and where it failed at what a person has to mend, the others' mends are as good as any.
        """
        if step is None and any(self._is_blamed(root.id, failure, drift) for root in plan.left):
            return replace(self, given_up=True)
        mended = [root for mend in plan.mends for root in mend.roots]
        blamed = [root for mend in plan.mends if step and _is_of(mend, step) for root in mend.roots]
        others = [] if blamed else [root for root in mended if not self._is_blamed(root, failure, drift)]
        blamed = blamed or [root for root in mended if root not in others]
        for root in (*blamed, *others):
            if not self._exhausted(root):
                return self._with({root: self.taken.get(root, 0) + 1})
        return replace(self._with({root: len(self.of_roots[root]) - 1 for root in blamed or others}), given_up=True)

    def running(self, names: Set[str]) -> Choices | None:
        """What runs those migrations where a plan has recorded them; None where nothing does, or where rows of what
        they make would be set aside for that."""
        taken = {}
        for root in self.situation.roots:
            mend = self._taken(root.id)
            if mend is not None and (own := names & (mend.fake | mend.recorded)):
                place = self._next_that_runs(root, own)
                if place is None:
                    return None
                taken[root.id] = place
        return self._with(taken) if taken else None

    def _next_that_runs(self, root: Finding, names: Set[str]) -> int | None:
        found = self.of_roots[root.id]
        rows = root.existing.rows if root.existing else None
        for place in range(self.taken.get(root.id, 0) + 1, len(found)):
            mend = found[place]
            run = names <= mend.run.union(self.situation.pending) - mend.fake - mend.recorded
            if run and not (mend.person or (mend.fix == set_aside.ID and rows)):
                return place
        return None

    def _with(self, taken: Mapping[int, int]) -> Choices:
        return replace(self, taken={**self.taken, **taken})

    def _is_blamed(self, root: int, failure: Failure | None, drift: Sequence[str]) -> bool:
        finding = next(one for one in self.situation.roots if one.id == root)
        if failure is not None:
            return failure.migration is not None and finding.failure.migration == failure.migration
        name = finding.existing.name if finding.existing else finding.failure.relation
        return name is not None and any(name in text for text in drift)

    def _exhausted(self, root: int) -> bool:
        """Whether the next mend would be a person's, or there is none."""
        following = self.of_roots.get(root, ())[self.taken.get(root, 0) + 1 :]
        return not following or bool(following[0].person)

    def _taken(self, root: int) -> Mend | None:
        found = self.of_roots.get(root, ())
        return found[self.taken.get(root, 0)] if found else None


def choices(
    situation: Situation, options: tuple[str, ...], given: Mapping[int, tuple[Mend, ...]] | None = None
) -> Choices:
    """The first mend that fits each root; ``given`` has those that were found for some before."""
    given = given or {}
    found = {
        root.id: given.get(root.id) or tuple(_online(mend, situation) for mend in fixes.mends(Case(situation, root)))
        for root in situation.roots
    }
    return Choices(situation, options, found)


def _online(mend: Mend, situation: Situation) -> Mend:
    """The mend with indexes on large tables built beside those who write there. Not of one schema among several: what
    sets its search_path would have to stand in the same transaction."""
    large = situation.database.large_tables
    if situation.database.schema is not None or not large:
        return mend
    return replace(
        mend,
        clear=tuple(ddl.concurrently(mend.clear, large)),
        complete={name: tuple(ddl.concurrently(sql, large)) for name, sql in mend.complete.items()},
        after=tuple(ddl.concurrently(mend.after, large)),
    )


def _fix(situation: Situation, mends: Sequence[Mend], options: tuple[str, ...]) -> Fix:
    kinds = list(dict.fromkeys(mend.fix for mend in mends))
    titles = list(dict.fromkeys(mend.title for mend in mends))
    return Fix(
        id=kinds[0] if len(kinds) == 1 else ID,
        title="; ".join(titles),
        steps=with_effects(
            _within(situation, route.steps(mends, situation.pending, situation.code.files, options)), situation
        ),
        note="; ".join(dict.fromkeys(mend.note for mend in mends if mend.note)),
        mends=tuple(sorted({root for mend in mends for root in mend.roots})),
    )


def _within(situation: Situation, steps: Sequence[Step]) -> tuple[Step, ...]:
    """Of one schema among several, SQL says which: a migration's own statements leave that to the search_path."""
    schema = situation.database.schema
    if schema is None:
        return tuple(steps)
    shared = situation.database.shared_schema or "public"
    path = ", ".join(map(ddl.quote, dict.fromkeys((schema, shared))))
    return tuple(replace(step, sql=f"SET search_path TO {path};\n{step.sql}") if step.sql else step for step in steps)


def with_effects(steps: Sequence[Step], situation: Situation) -> tuple[Step, ...]:
    """The steps with what their SQL does to others, of tables that hold rows (in tier schema: that are there)."""
    database = situation.database
    types = {(one.relation, one.name): one.definition[0] for one in database.catalog if one.kind == "column"}
    held = {name.partition(".")[2] for name, rows in database.rows.items() if rows or database.tier == "schema"}
    held.discard("django_migrations")  # nobody else writes there meanwhile

    def said(step: Step) -> Step:
        found = (one for one in locks.of_script(step.sql, types) if one.relation.rpartition(".")[2] in held)
        return replace(step, effects=tuple(dict.fromkeys(one.words for one in found)))

    return tuple(said(step) if step.sql else step for step in steps)


def _is_of(mend: Mend, step: Step) -> bool:
    """Whether that step stands in the plan for the sake of that mend."""
    if step.sql:
        own = (
            *mend.history,
            *mend.clear,
            *mend.back,
            *mend.after,
            *(text for texts in mend.complete.values() for text in texts),
        )
        return any(text in step.sql for text in own)
    return ".".join(step.manage[1:3]) in (mend.fake if "--fake" in step.manage else mend.run)


def ranked(tried: Sequence[Fix]) -> tuple[Fix, ...]:
    """At most one is recommended: the first that works and needs no person."""
    best = next((fix for fix in tried if fix.outcome is FixOutcome.WORKS and not needs_person(fix)), None)
    rest = [fix for fix in tried if fix is not best]
    return (replace(best, recommended=True), *rest) if best else tuple(rest)


def without_its_code(fix: Fix, situation: Situation) -> Fix:
    """What skips migrations whole (``--fake`` of everything, a reset) mends nothing where their code would have changed
    rows."""
    changing = {run.migration for run in situation.survey.code_runs if run.rows_changed}
    changing |= {one.migration for one in situation.survey.ran if one.run_sql and _CHANGES_ROWS.match(one.sql)}
    changing |= {one.failure.migration or "" for one in situation.findings if _is_of_code(one, situation)}
    done = {name for name, effects in situation.effects.items() if effects.all_there}
    done |= {root.failure.migration or "" for root in situation.roots if data_migrations.has_run(Case(situation, root))}
    if not situation.database.history.rows:  # a history that is gone whole had what comes before them as well
        done.update(*(ancestors(name, situation.code.files) for name in tuple(done)))
    passed = situation.pending if fix.id == fake_everything.ID else _of_apps(situation.pending, fix.resets)
    skipped = [name for name in passed if name in changing - done]
    if fix.outcome is not FixOutcome.WORKS or not skipped:
        return fix
    return replace(fix, outcome=FixOutcome.DRIFTS, drift=tuple(f"the code of {name} has not run" for name in skipped))


def written_by(fix: Fix, situation: Situation) -> frozenset[str]:
    """The migrations that a fix of a whole database records without running them."""
    if fix.id == fake_everything.ID:
        return frozenset(situation.pending)
    if fix.id == fake_initial.ID:
        return frozenset(name for name in situation.pending if situation.code.files[name].initial)
    return frozenset(_of_apps(situation.pending, fix.resets))


def left_to_a_person(fix: Fix, situation: Situation, written: Set[str], idle: Set[str] = frozenset()) -> Fix:
    """A fix that works, with its proofs, and before its steps what a person has to find out or to do where one is
    missing, or where several schemas have a history: what mends one of them would act on all."""
    if fix.outcome is not FixOutcome.WORKS:
        return fix
    found, unproven = proofs.proofs(situation, written, idle)
    never = {name: why for name in unproven if (why := never_ran(situation, name))}
    unknown = [name for name in unproven if name not in never]
    questions = [
        f"do what the code of {name} does by hand: the steps below record it without running it, and it has not run "
        f"here ({why})"
        for name, why in never.items()
    ]
    if unknown:
        it = "it" if len(unknown) == 1 else "them"
        questions.append(
            f"find out whether the code of {some(unknown)} has run on this database: the steps below record {it} "
            "without running it, and nothing shows that it has"
        )
    if len(schemas := situation.database.history.schemas) > 1:
        questions.append(f"decide for which schema the steps below are: {some(schemas)} each have a django_migrations")
    return replace(fix, proofs=found, steps=(*(Step(person=text) for text in questions), *fix.steps))


def unproven(fix: Fix, situation: Situation, written: Set[str], idle: Set[str]) -> frozenset[str]:
    """What a plan that works has recorded though nothing shows that it has run; empty for one that does not work."""
    if fix.outcome is not FixOutcome.WORKS:
        return frozenset()
    return frozenset(proofs.proofs(situation, written, idle)[1])


def running_instead(fix: Fix, situation: Situation, names: Set[str]) -> Fix:
    """A fix that works and runs what another one has recorded: a person is asked where it may have run before."""
    unknown = sorted(name for name in names if not never_ran(situation, name))
    if fix.outcome is not FixOutcome.WORKS or not unknown:
        return fix
    text = (
        f"find out whether the code of {some(unknown)} has run on this database: the steps below run it, for the case "
        "that it has not"
    )
    return replace(fix, steps=(Step(person=text), *fix.steps))


def _is_of_code(finding: Finding, situation: Situation) -> bool:
    """Whether code failed, before or after it had changed rows."""
    file = situation.code.files.get(finding.failure.migration or "")
    return any(one.runs_code and one.text == finding.failure.operation for one in (file.operations if file else ()))


def _of_apps(migrations: Sequence[str], apps: Sequence[str]) -> list[str]:
    return [name for name in migrations if app_of(name) in apps]


def needs_person(fix: Fix) -> bool:
    return any(step.person for step in fix.steps)


def settled(findings: Sequence[Finding], left: Sequence[Finding]) -> tuple[Finding, ...]:
    """After a plan that works: the roots that it left alone were none, but followed from one before them."""
    ids = {root.id for root in left}
    roots = [one for one in findings if one.root and one.id not in ids]
    if not roots:
        return tuple(findings)

    def demoted(one: Finding) -> Finding:
        if one.id not in ids:
            return one if one.cascade_of not in ids else replace(one, cascade_of=_nearest(one, roots))
        return replace(one, root=False, cascade_of=_nearest(one, roots), cause=None)

    return tuple(map(demoted, findings))


def explained(findings: Sequence[Finding], plan: Plan) -> tuple[Finding, ...]:
    """After a plan that works: what it ran first is what its roots' migrations lacked."""
    first = {root: sorted(mend.run) for mend in plan.mends if mend.fix == migrate_first.ID for root in mend.roots}
    return tuple(
        replace(one, cause=missing_dependency.shown(one.failure.migration or "", first[one.id]))
        if one.root and one.id in first and one.cause and one.cause.id not in _SAY_WHY_ALREADY
        else one
        for one in findings
    )


def _nearest(finding: Finding, roots: Sequence[Finding]) -> int:
    """The last root before it, else the first of all."""
    return max((root.id for root in roots if root.id < finding.id), default=roots[0].id)
