"""Record a migration whose whole work stands there already, and nothing else. Pure."""

from __future__ import annotations

from simulator.fixes.collision import is_own_work, refuses_inserts
from simulator.graph import app_of
from simulator.model import Finding
from simulator.route import Mend
from simulator.situation import Situation

ID = "fake-exactly"
TITLE = "Record the migration as applied, after its predecessors"


def propose(situation: Situation, root: Finding) -> Mend | None:
    """With it, what of the same app is in effect and follows: a history that lost one row may have lost more."""
    name = root.failure.migration
    if (
        name is None
        or not is_own_work(situation, root)
        or refuses_inserts(situation, name)
        or not _in_effect(situation, name)
    ):
        return None
    return Mend(ID, TITLE, (root.id,), fake=same_state(situation, name), note=_note(situation, name))


def same_state(situation: Situation, name: str) -> frozenset[str]:
    """That migration, its app's others in effect, and those without any effect that lie between."""
    of_app = [one for one in situation.pending if app_of(one) == app_of(name)]
    place = of_app.index(name) if name in of_app else 0
    colliding = {root.failure.migration for root in situation.roots}
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


def _in_effect(situation: Situation, name: str) -> bool:
    effects = situation.effects.get(name)
    return effects is not None and effects.all_there


def _note(situation: Situation, name: str) -> str:
    file = situation.files.get(name)
    code = [one.text for one in file.operations if one.runs_code] if file else []
    return f"{name} also runs code ({code[0]}); recording it takes that as done" if code else ""
