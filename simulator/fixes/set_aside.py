"""Move what is in the way into a schema of its own, with its rows, indexes and constraints, and migrate.

A rename would leave the names of its indexes and constraints in the way of the new table's.
"""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.fixes.route import Mend
from simulator.model import Finding
from simulator.postgres import ddl

ID = "set-aside"
TITLE = "Move what is in the way to another schema, then migrate"
MOVABLE = ("relation", "type", "function", "collation")
RENAMES = ("RenameModel", "AlterModelTable")


def propose(case: Case) -> Mend | None:
    standing = case.root.existing
    facts = [fact for fact in dict.fromkeys(case.holders) if fact.kind in MOVABLE]
    if standing is None or not facts or standing.kind in ("column", "index") or _is_the_codes(case):
        return None
    statements = [text for fact in facts for text in ddl.set_aside(fact)]
    others = tuple(one.id for one in case.other_roots if one.existing is None)
    note = _note(case.root, f"{ddl.ASIDE}.{facts[0].relation or facts[0].name}")
    return Mend(ID, TITLE, (case.root.id, *others), clear=tuple(dict.fromkeys(statements)), note=note)


def _is_the_codes(case: Case) -> bool:
    """Whether it may be the very table that the code means, with rows in it: another one in its place is no mend."""
    name, standing = case.migration, case.root.existing
    if standing is None or not standing.rows:
        return False
    if _renames(case):
        return True  # which of the two is the real one, only a person knows
    if not case.recording_may_settle_it:
        return False
    return not case.situation.effects[name].different and not case.situation.refuses_inserts(name)


def _note(root: Finding, where: str) -> str:
    """Where its rows are then."""
    rows = root.existing.rows if root.existing else None
    if not rows:
        return ""
    return f"its {rows:,} row{'s are' if rows > 1 else ' is'} then in {where}, and the new table is empty"


def _renames(case: Case) -> bool:
    """Whether the migration gives the name to a table that is there already."""
    file = case.situation.code.files.get(case.migration)
    return any(one.text == case.failure.operation and one.kind in RENAMES for one in (file.operations if file else ()))
