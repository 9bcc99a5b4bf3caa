"""Nothing that was found out says why."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.causes import words
from simulator.findings.case import Case
from simulator.model import Cause

ID = "unexplained"
TITLE = "unexplained"


def explain(case: Case) -> Cause:
    """What is known all the same."""
    return Cause(ID, TITLE, "possible", tuple(_known(case)))


def _known(case: Case) -> Iterator[str]:
    broken = case.situation.reference.failure
    if case.failure.sandbox:
        yield f"the sandbox itself may be the reason: {case.failure.sandbox}"
    if broken is not None:
        why = broken.sandbox or f"{broken.migration or broken.phase}: {broken.sqlstate or broken.exception}"
        yield f"the code's schema could not be built from nothing, so nothing was compared ({why})"
        yield from words.standing(case.root)
        return
    yield "from an empty database the same code passes"
    yield from words.standing(case.root)
    name = case.migration
    if name and case.in_migration:
        yield from words.effects(name, case.effects)
