"""Move what is in the way into a schema of its own, with its rows, indexes and constraints, and migrate. Pure.

A rename would leave the names of its indexes and constraints in the way of the new table's.
"""

from __future__ import annotations

from simulator import ddl
from simulator.fixes.collision import holders, other_roots_of
from simulator.model import Finding
from simulator.route import Mend
from simulator.situation import Situation

ID = "set-aside"
TITLE = "Move what is in the way to another schema, then migrate"
MOVABLE = ("relation", "type", "function", "collation")


def propose(situation: Situation, root: Finding) -> Mend | None:
    facts = [fact for fact in dict.fromkeys(holders(situation, root)) if fact.kind in MOVABLE]
    if not facts or (root.existing and root.existing.kind in ("column", "index")):
        return None
    statements = [text for fact in facts for text in ddl.set_aside(fact)]
    where = f"{ddl.ASIDE}.{facts[0].relation or facts[0].name}"
    with_rows = root.existing is not None and root.existing.rows
    note = (
        f"its {root.existing.rows:,} rows are then in {where}, and the new table is empty"
        if with_rows and root.existing
        else ""
    )
    others = tuple(one.id for one in other_roots_of(situation, root) if one.existing is None)
    return Mend(ID, TITLE, (root.id, *others), clear=tuple(dict.fromkeys(statements)), note=note)
