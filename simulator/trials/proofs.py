"""Whether a migration that a plan records without running it is known to have done its work.

What it does besides the schema (RunPython, RunSQL, a project's own operations) leaves no trace that a comparison of
catalogs would see, and is never done once the migration is recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from simulator.findings import data_migrations
from simulator.findings.case import Case
from simulator.findings.graph import ancestors
from simulator.findings.situation import Situation
from simulator.model import Proof
from simulator.postgres.ddl.shown import is_shown


def proofs(
    situation: Situation, recorded: Iterable[str], idle: Set[str] = frozenset()
) -> tuple[tuple[Proof, ...], tuple[str, ...]]:
    """The proofs of those migrations that need one, and the names of those that have none.

    ``recorded`` are the migrations whose rows a plan writes, in any order. A plan must have been seen to work: that
    their schema stands is what its trial has shown. ``idle`` are those whose code then changed nothing.
    """
    rows = {row.name for row in situation.database.history.rows}
    written = frozenset(recorded) - rows
    needing = [name for name in sorted(written) if situation.does_more(name)]
    found = {name: _prove(situation, name, written) or _idle(name, idle) for name in needing}
    return tuple(one for one in found.values() if one), tuple(name for name, one in found.items() if one is None)


def _prove(situation: Situation, name: str, written: Set[str]) -> Proof | None:
    return _replaced(situation, name) or _shown(situation, name) or _lost(situation, name, written)


def _idle(name: str, idle: Set[str]) -> Proof | None:
    evidence = "run on the clone once the fix was through, its code changes nothing"
    return Proof(name, "idle", evidence) if name in idle else None


def _replaced(situation: Situation, name: str) -> Proof | None:
    """A squash whose parts are all recorded, or a part of a squash that is."""
    rows = {row.name for row in situation.database.history.rows}
    parts = situation.code.files[name].replaces
    if parts and rows.issuperset(parts):
        return Proof(name, "replaced", "all that it replaces is recorded")
    squash = next(
        (file.name for file in situation.code.files.values() if name in file.replaces and file.name in rows), None
    )
    return Proof(name, "replaced", f"{squash}, which replaces it, is recorded") if squash else None


def _shown(situation: Situation, name: str) -> Proof | None:
    """Nothing but DDL of which a build from nothing shows the effects."""
    effects = situation.effects.get(name)
    code = [operation for operation in situation.code.files[name].operations if operation.runs_code]
    if effects is None or any(operation.sql is None for operation in code):
        return None
    facts = effects.added | effects.removed
    statements = [text for operation in code for text in operation.sql or ()]
    if not all(is_shown(text, facts) for text in statements):
        return None
    return Proof(name, "catalog", "its SQL is DDL alone, and what that makes stands as a build from nothing has it")


def _lost(situation: Situation, name: str, written: Set[str]) -> Proof | None:
    """The history has lost its row: by the rows that its code meets again, or by the ids that no row has."""
    effects = situation.effects.get(name)
    if effects is not None and not effects.all_there:
        return None
    if any(
        root.failure.migration == name and data_migrations.has_run(Case(situation, root)) for root in situation.roots
    ):
        return Proof(name, "history", "its code meets the rows that it wrote, and the history has lost its row")
    gap = _gap(situation, name, written)
    if gap is None:
        return None
    first, last = gap
    ids = f"id {first}" if first == last else f"ids {first} to {last}"
    return Proof(name, "history", f"django_migrations gave out {ids}, which no row has: as many as may have been lost")


def _gap(situation: Situation, name: str, written: Set[str]) -> tuple[int, int] | None:
    """The first and the last id that was given out between the rows around that migration and that no row has.

    Only where there are exactly as many as migrations that may have been recorded in between: with more, some of them
    were given out for something else; with fewer, some of these never ran, and which is not known.
    """
    table = situation.database.history
    if not table.is_in_order:
        return None
    low, high = _around(situation, name)
    candidates = _may_have_run(situation, written)
    inside = {name}
    while more := {one for one in candidates - inside if _overlap(_around(situation, one), (low, high))}:
        inside |= more
        places = [_around(situation, one) for one in inside]
        low, high = min(first for first, _last in places), max(last for _first, last in places)
    missing = sorted(set(range(low + 1, high)) - {row.id for row in table.rows})
    return (missing[0], missing[-1]) if missing and len(missing) == len(inside) else None


def _around(situation: Situation, name: str) -> tuple[int, int]:
    """The ids between which its row must have been: of what it stands on, and of what stands on it."""
    above = ancestors(name, situation.code.files)
    ids = {row.name: row.id for row in situation.database.history.rows if row.id is not None}
    low = max((number for one, number in ids.items() if one in above), default=0)
    below = (number for one, number in ids.items() if name in ancestors(one, situation.code.files))
    return low, min(below, default=situation.database.history.next_id or 0)


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] - 1 and other[0] < one[1] - 1


def _may_have_run(situation: Situation, written: Set[str]) -> set[str]:
    """What is not recorded and may have been: its effects stand, or it has none, and so it is with all beneath it."""
    found: set[str] = set()
    for name in _in_order(situation, written):
        effects = situation.effects.get(name)
        stands = effects is None or effects.all_there or name in written
        beneath = ancestors(name, situation.code.files) & (written | set(situation.pending))
        if stands and beneath <= found:
            found.add(name)
    return found


def _in_order(situation: Situation, written: Set[str]) -> Sequence[str]:
    """What is not recorded, each after what it stands on."""
    names = written | set(situation.pending)
    return sorted(names, key=lambda name: (len(ancestors(name, situation.code.files)), name))
