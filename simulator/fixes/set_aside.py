"""Move what is in the way into a schema of its own, with its rows, indexes and constraints, and migrate.

A rename would leave the names of its indexes and constraints in the way of the new table's.
"""

from __future__ import annotations

from simulator.findings.situation import Situation
from simulator.fixes.collision import holders, is_own_work, other_roots_of, refuses_inserts
from simulator.fixes.route import Mend
from simulator.model import Finding
from simulator.postgres import ddl

ID = "set-aside"
TITLE = "Move what is in the way to another schema, then migrate"
MOVABLE = ("relation", "type", "function", "collation")
RENAMES = ("RenameModel", "AlterModelTable")


def propose(situation: Situation, root: Finding) -> Mend | None:
    standing = root.existing
    facts = [fact for fact in dict.fromkeys(holders(situation, root)) if fact.kind in MOVABLE]
    if standing is None or not facts or standing.kind in ("column", "index") or _is_the_codes(situation, root):
        return None
    statements = [text for fact in facts for text in ddl.set_aside(fact)]
    others = tuple(one.id for one in other_roots_of(situation, root) if one.existing is None)
    note = _note(root, f"{ddl.ASIDE}.{facts[0].relation or facts[0].name}")
    return Mend(ID, TITLE, (root.id, *others), clear=tuple(dict.fromkeys(statements)), note=note)


def _is_the_codes(situation: Situation, root: Finding) -> bool:
    """Whether it may be the very table that the code means, with rows in it: another one in its place is no mend."""
    name, standing = root.failure.migration or "", root.existing
    if standing is None or not standing.rows:
        return False
    if _renames(situation, root):
        return True  # which of the two is the real one, only a person knows
    if not is_own_work(situation, root):
        return False
    return not situation.effects[name].different and not refuses_inserts(situation, name)


def _note(root: Finding, where: str) -> str:
    """Where its rows are then."""
    rows = root.existing.rows if root.existing else None
    if not rows:
        return ""
    return f"its {rows:,} row{'s are' if rows > 1 else ' is'} then in {where}, and the new table is empty"


def _renames(situation: Situation, root: Finding) -> bool:
    """Whether the migration gives the name to a table that is there already."""
    file = situation.code.files.get(root.failure.migration or "")
    return any(one.text == root.failure.operation and one.kind in RENAMES for one in (file.operations if file else ()))
