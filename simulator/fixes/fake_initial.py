"""``migrate --fake-initial``: it records initial migrations whose tables' names are there, whatever they are."""

from __future__ import annotations

from simulator.findings.situation import Situation
from simulator.model import Fix, Step
from simulator.postgres.sqlstate import DUPLICATES

ID = "fake-initial"
TITLE = "migrate --fake-initial"


def propose(situation: Situation, options: tuple[str, ...]) -> Fix | None:
    if not any(root.failure.sqlstate in DUPLICATES for root in situation.roots):
        return None
    steps = (Step(manage=("migrate", "--fake-initial", *options)),)
    return Fix(ID, TITLE, steps, mends=tuple(root.id for root in situation.roots))
