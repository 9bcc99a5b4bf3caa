"""Nothing that was found out says why."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.causes import facts, words
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding

ID = "unexplained"
TITLE = "unexplained"


def explain(situation: Situation, root: Finding) -> Cause:
    """What is known all the same."""
    return Cause(ID, TITLE, "possible", tuple(_known(situation, root)))


def _known(situation: Situation, root: Finding) -> Iterator[str]:
    broken = situation.reference.failure
    if root.failure.sandbox:
        yield f"the sandbox itself may be the reason: {root.failure.sandbox}"
    if broken is not None:
        why = broken.sandbox or f"{broken.migration or broken.phase}: {broken.sqlstate or broken.exception}"
        yield f"the code's schema could not be built from nothing, so nothing was compared ({why})"
        yield from words.standing(root)
        return
    yield "from an empty database the same code passes"
    yield from words.standing(root)
    name = facts.name_of(root)
    if name and facts.in_migration(root):
        yield from words.effects(name, facts.effects_of(situation, root))
