"""Make the pieces of a migration that are missing, then record it: what stands there is as it should be. Pure."""

from __future__ import annotations

from simulator.fixes.collision import code_changes_rows, is_own_work, refuses_inserts
from simulator.fixes.history_numbers import missing_key
from simulator.fixes.repair import repair
from simulator.model import Finding
from simulator.route import Mend
from simulator.situation import Situation

ID = "complete-and-fake"
TITLE = "Make what the migration lacks, then record it as applied"


def propose(situation: Situation, root: Finding) -> Mend | None:
    name = root.failure.migration
    effects = situation.effects.get(name or "")
    if (
        name is None
        or effects is None
        or not is_own_work(situation, root)
        or refuses_inserts(situation, name)
        or effects.different
        or effects.all_there
    ):
        return None
    found = repair(situation, name)
    if found is None or code_changes_rows(situation, name):
        return None
    return Mend(
        ID,
        TITLE,
        (root.id,),
        history=missing_key(situation),
        complete={name: (*found.ran, *found.altered)},
        fake=frozenset({name}),
    )
