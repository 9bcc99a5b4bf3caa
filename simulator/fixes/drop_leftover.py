"""Drop what is in the way and holds no rows (an index, a constraint, an empty table), and let migrate make it."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.findings.situation import Situation
from simulator.fixes.route import Mend
from simulator.model import Fact
from simulator.postgres import ddl

ID = "drop-leftover"
TITLE = "Drop what is in the way and holds no rows, then migrate"
WITHOUT_ROWS = ("index", "constraint", "trigger", "rule", "policy")


def propose(case: Case) -> Mend | None:
    """Everything that the migration collides with has to be without rows, or one of them would be in its way still."""
    facts = list(dict.fromkeys(case.holders))
    wanted = {one.existing.name for one in case.within_migration if one.existing}
    if not facts or len({fact.name or fact.relation for fact in facts}) < len(wanted):
        return None
    if case.other_roots and any(fact.kind == "relation" for fact in facts):
        return None
    tables = [fact for fact in facts if _is_empty_table(fact, case.situation)]
    gone = {(fact.schema, fact.relation) for fact in tables}
    rest = [fact for fact in facts if fact not in tables and (fact.schema, fact.relation) not in gone]
    if any(fact.kind not in WITHOUT_ROWS for fact in rest):
        return None
    statements = [ddl.drop(fact) for fact in rest]
    if tables:
        names = ", ".join(ddl.qualified(fact.schema, fact.relation) for fact in tables)
        statements.append(f"DROP TABLE {names}")
    discards = frozenset(rest).union(
        *(case.situation.database.catalog.of(fact.schema, fact.relation) for fact in tables)
    )
    return Mend(ID, TITLE, (case.root.id,), clear=tuple(filter(None, statements)), discards=discards)


def _is_empty_table(fact: Fact, situation: Situation) -> bool:
    """In tier schema nobody knows."""
    known = situation.database.tier == "data" and situation.database.rows.get(f"{fact.schema}.{fact.relation}") == 0
    return known and fact.kind == "relation" and fact.definition[0] == "table"
