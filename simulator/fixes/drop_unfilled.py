"""A column that stands in the way and that no row has ever filled: migrate makes it, with its own default. Pure."""

from __future__ import annotations

from simulator import ddl
from simulator.fixes.collision import holders
from simulator.model import Fact, Finding
from simulator.route import Mend
from simulator.situation import Situation

ID = "drop-unfilled"
TITLE = "Drop the column that holds nothing, once every row has shown that, then migrate"


def propose(situation: Situation, root: Finding) -> Mend | None:
    """Where the code allows no NULL, which the rows hold: then it can't be altered to match. The step looks at every
    row itself, wherever it runs; in tier schema nothing is known of rows."""
    effects = situation.effects.get(root.failure.migration or "")
    facts = list(dict.fromkeys(holders(situation, root)))
    if effects is None or situation.tier == "schema" or not facts or any(fact.kind != "column" for fact in facts):
        return None
    refusing = {standing for standing, wanted in effects.different if _allows_less(standing, wanted)}
    if not refusing.issuperset(facts):
        return None
    statements = (
        ddl.drop_column(fact, f"{ddl.quote(fact.name)} IS NOT NULL", f"{fact.relation}.{fact.name} holds values")
        for fact in facts
    )
    return Mend(ID, TITLE, (root.id,), clear=(";\n".join(statements),), discards=frozenset(facts))


def _allows_less(standing: Fact, wanted: Fact) -> bool:
    return standing.kind == wanted.kind == "column" and (standing.definition[1], wanted.definition[1]) == (
        "NULL",
        "NOT NULL",
    )
