"""The last resort of a collision: that the thing is there, and what is known of it."""

from __future__ import annotations

from simulator.causes import facts, words
from simulator.findings.situation import Situation
from simulator.model import Cause, Confidence, Finding, Shape

# Made once for a whole database, mostly by who runs the server: that it is there is the reason.
_BEFOREHAND = ("extension", "schema")


def explain(cause: str, title: str, kinds: tuple[str, ...], situation: Situation, root: Finding) -> Cause | None:
    """Where what stands there is of those kinds."""
    standing = root.existing
    if standing is None or not facts.collides(root) or not _is(standing.kind, kinds):
        return None
    same = ["it is the same as the migration makes"] if standing.shape is Shape.SAME else []
    evidence = (*words.standing(root), *same, words.no_row(facts.name_of(root)))
    sure: Confidence = "likely" if standing.kind in _BEFOREHAND and situation.reference.complete else "possible"
    return Cause(cause, title, sure, evidence)


def _is(kind: str, kinds: tuple[str, ...]) -> bool:
    return any(kind == one or kind.endswith(f" {one}") for one in kinds)
