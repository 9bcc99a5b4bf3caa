"""A column that stands in the way and that no row has ever filled: migrate makes it, with its own default."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.findings.situation import Effects
from simulator.fixes.route import Mend
from simulator.model import Fact, Finding
from simulator.postgres import ddl
from simulator.postgres.catalog import key

ID = "drop-unfilled"
TITLE = "Drop the column that holds nothing, once every row has shown that, then migrate"


def propose(case: Case) -> Mend | None:
    """Where it can't be altered to match: the code allows no NULL, which the rows hold, or gives its name to another;
    and where the migration has code beside it, which recording would skip.

    The step looks at every row itself, wherever it runs; in tier schema nothing is known of rows.
    """
    effects = case.situation.effects.get(case.migration)
    facts = list(dict.fromkeys(case.holders))
    if (
        effects is None
        or case.situation.database.tier == "schema"
        or not facts
        or any(fact.kind != "column" for fact in facts)
    ):
        return None
    own = set(map(key, effects.present)) if case.situation.does_more(case.migration) else set()
    if case.situation.has_own_triggers(facts[0]) or not all(
        key(fact) in own or _is_in_the_way(fact, case.root, effects) for fact in facts
    ):
        return None
    statements = (
        ddl.drop_column(fact, f"{ddl.quote(fact.name)} IS NOT NULL", f"{fact.relation}.{fact.name} holds values")
        for fact in facts
    )
    return Mend(ID, TITLE, (case.root.id,), clear=(";\n".join(statements),), discards=frozenset(facts))


def _is_in_the_way(column: Fact, root: Finding, effects: Effects) -> bool:
    """Of a column that is renamed to this one's name, or by allowing NULL."""
    renamed = any(fact.kind == "column" and fact.relation == column.relation for fact in effects.still)
    return (renamed and column.name == root.failure.column_name) or any(
        standing == column and (column.definition[1], wanted.definition[1]) == ("NULL", "NOT NULL")
        for standing, wanted in effects.different
    )
