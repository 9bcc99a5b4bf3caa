"""``migrate --fake``: what people try first. It records every pending migration and looks at nothing."""

from __future__ import annotations

from simulator.findings.situation import Situation
from simulator.model import Fix, Step
from simulator.postgres.sqlstate import DUPLICATES

ID = "fake-everything"
TITLE = "migrate --fake"


def propose(situation: Situation, options: tuple[str, ...]) -> Fix | None:
    if not any(root.failure.sqlstate in DUPLICATES for root in situation.roots):
        return None
    steps = (Step(manage=("migrate", "--fake", *options)), Step(manage=("migrate", *options)))
    return Fix(ID, TITLE, steps, mends=tuple(root.id for root in situation.roots))
