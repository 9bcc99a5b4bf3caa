"""The last resort of a collision: that the thing is there, and what is known of it."""

from __future__ import annotations

from simulator.causes import words
from simulator.findings.case import Case
from simulator.model import Cause, Confidence, Shape

# Made once for a whole database, mostly by who runs the server: that it is there is the reason.
_BEFOREHAND = ("extension", "schema")


def explain(cause: str, title: str, kinds: tuple[str, ...], case: Case) -> Cause | None:
    """Where what stands there is of those kinds."""
    standing = case.root.existing
    if standing is None or not case.collides or not _is(standing.kind, kinds):
        return None
    same = ["it is the same as the migration makes"] if standing.shape is Shape.SAME else []
    evidence = (*words.standing(case.root), *same, words.no_row(case.migration))
    sure: Confidence = "likely" if standing.kind in _BEFOREHAND and case.situation.reference.complete else "possible"
    return Cause(cause, title, sure, evidence)


def _is(kind: str, kinds: tuple[str, ...]) -> bool:
    return any(kind == one or kind.endswith(f" {one}") for one in kinds)
