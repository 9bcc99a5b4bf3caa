"""Record a migration whose whole work stands there already, and nothing else."""

from __future__ import annotations

from collections.abc import Set
from itertools import takewhile

from simulator.findings.case import Case
from simulator.findings.graph import app_of
from simulator.findings.situation import Situation
from simulator.fixes.route import Mend
from simulator.wording import some

ID = "fake-exactly"
TITLE = "Record the migration as applied, after its predecessors"


def propose(case: Case) -> Mend | None:
    """With it, what of the same app is in effect and follows: a history that lost one row may have lost more."""
    name = case.failure.migration
    if (
        name is None
        or not case.recording_may_settle_it
        or case.situation.refuses_inserts(name)
        or not _in_effect(case.situation, name)
    ):
        return None
    recorded = same_state(case.situation, name)
    return Mend(ID, TITLE, (case.root.id,), fake=recorded, note=_note(case.situation, recorded))


def same_state(situation: Situation, name: str) -> frozenset[str]:
    """That migration, its app's others in effect, and those without any effect that lie between.

    What only changes rows leaves no trace in the catalog. Where it comes first or last, the ids that django_migrations
    has given out and no row has are counted: they tell whether it was recorded, too.
    """
    own = _reached(situation, name)
    tail = _tail(situation, own)
    met = _met(situation)
    there = [_reached(situation, one) for one in met if _in_effect(situation, one)]
    tails = {one for each in there for one in _tail(situation, each)}
    # One that collides and is not wholly in effect may have been recorded, too: better a few too little than too much.
    extra = (situation.database.history.missing_ids or 0) - len(frozenset(met).union(*there))
    leads = {one for each in there for one in _lead(situation, each)}
    if 0 < len(leads) <= extra:
        own, extra = own.union(_lead(situation, own)), extra - len(leads)
    if 0 < extra <= len(tails) and (extra == len(tails) or tails == set(tail)):
        return own.union(tail[:extra])
    return own


def _reached(situation: Situation, name: str) -> frozenset[str]:
    of_app = [one for one in situation.pending if app_of(one) == app_of(name)]
    place = of_app.index(name) if name in of_app else 0
    colliding = _met(situation)
    last = place
    for number in range(place + 1, len(of_app)):
        effects = situation.effects.get(of_app[number])
        if effects is None:
            continue
        if not effects.all_there:
            last = number - 1 if of_app[number] in colliding else last
            break
        last = number
    return frozenset({name, *of_app[place : last + 1]})


def _lead(situation: Situation, recorded: Set[str]) -> list[str]:
    """What comes right before in that app without any effect on the catalog: those were applied in their order."""
    app = {app_of(one) for one in recorded}
    before = [one for one in situation.pending if app_of(one) in app]
    before = before[: min(map(before.index, recorded & set(before)), default=0)]
    return list(takewhile(lambda one: one not in situation.effects, reversed(before)))


def _tail(situation: Situation, recorded: Set[str]) -> list[str]:
    """What follows in that app without any effect on the catalog."""
    app = {app_of(one) for one in recorded}
    following = [one for one in situation.pending if app_of(one) in app]
    following = following[max(map(following.index, recorded & set(following)), default=-1) + 1 :]
    return list(takewhile(lambda one: one not in situation.effects, following))


def _met(situation: Situation) -> dict[str, None]:
    return dict.fromkeys(root.failure.migration for root in situation.roots if root.failure.migration)


def _in_effect(situation: Situation, name: str) -> bool:
    effects = situation.effects.get(name)
    return effects is not None and effects.all_there


def _note(situation: Situation, recorded: Set[str]) -> str:
    """On code that is taken as done, and on code that will run and may have run."""
    done = [name for name in situation.pending if name in recorded and situation.does_more(name)]
    changing = {run.migration for run in situation.survey.code_runs if run.rows_changed}
    around = (*_lead(situation, recorded), *_tail(situation, recorded))
    again = [name for name in situation.pending if name in around and name in changing]
    said = [f"{some(done)} also run{'s' * (len(done) == 1)} code; recording takes that as done"] if done else []
    if again:
        said.append(f"{some(again)} then changes rows: if it was lost from the history as well, record it, too")
    return "; ".join(said)
