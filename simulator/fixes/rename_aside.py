"""An index or a constraint of another table holds the name: give it another, so that table keeps it."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.fixes.route import Mend
from simulator.postgres import ddl

ID = "rename-aside"
TITLE = "Rename what is in the way and belongs to another table, then migrate"
SUFFIX = "_aside"
# Bytes of a name; what is longer the server cuts (PostgreSQL manual, section 4.1.1).
LONGEST = 63


def propose(case: Case) -> Mend | None:
    """Everything that the migration collides with has to be of such tables, or one would be in its way still."""
    facts = list(dict.fromkeys(case.holders))
    wanted = {one.existing.name for one in case.within_migration if one.existing}
    effects = case.situation.effects.get(case.migration)
    if effects is None or not facts or len(facts) < len(wanted):
        return None
    own = {(fact.schema, fact.relation) for fact in effects.added}
    if any(fact.kind not in ("index", "constraint") or (fact.schema, fact.relation) in own for fact in facts):
        return None
    names = {fact: fact.name[: LONGEST - len(SUFFIX)] + SUFFIX for fact in facts}
    note = "; ".join(f"{fact.name} of {fact.relation} is then {name}" for fact, name in names.items())
    clear = tuple(ddl.rename(fact, name) for fact, name in names.items())
    return Mend(ID, TITLE, (case.root.id,), clear=clear, note=note)
