"""What several fixes ask of a root: with what it collides, and what its migration's code would still do."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.findings.roots import ABSENT, in_its_own_way
from simulator.findings.situation import Situation
from simulator.model import Fact, Finding
from simulator.postgres import shape


def of_migration(situation: Situation, root: Finding) -> tuple[Finding, ...]:
    """The root and its cascades within the same migration."""
    return tuple(
        one
        for one in situation.findings
        if one is root or (one.cascade_of == root.id and one.failure.migration == root.failure.migration)
    )


def other_roots_of(situation: Situation, root: Finding) -> tuple[Finding, ...]:
    """Other roots in the same migration: things of another kind in its way."""
    return tuple(one for one in situation.roots if one is not root and one.failure.migration == root.failure.migration)


def holders(situation: Situation, root: Finding) -> Iterator[Fact]:
    """The facts in the baseline that hold the names which that root and its cascades wanted."""
    for finding in of_migration(situation, root):
        standing = finding.existing
        if standing is None:
            continue
        for fact in situation.database.catalog:
            own = fact.name or fact.relation or fact.schema
            place = fact.schema == (standing.schema_name or "") and own == standing.name
            table = standing.table_name is None or fact.relation == standing.table_name
            if place and table and shape.kind_word(fact) == standing.kind:
                yield fact


def is_own_work(situation: Situation, root: Finding) -> bool:
    """Whether what the migration met may be its own work, so that recording it may settle that."""
    effects = situation.effects.get(root.failure.migration or "")
    if effects is None or in_its_own_way(root):
        return False
    return root.existing is not None or (root.failure.sqlstate in ABSENT and bool(effects.present or effects.gone))


def refuses_inserts(situation: Situation, migration: str) -> bool:
    """Whether a table that it makes has a column there which every row must fill, and which no migration makes."""
    made = situation.reference.makers
    tables = {(fact.schema, fact.relation) for fact in situation.effects[migration].added if fact.kind == "relation"}
    return any(
        fact.kind == "column" and shape.refuses_inserts(fact) and ("column", fact.relation, fact.name) not in made
        for place in tables
        for fact in situation.database.catalog.of(*place)
    )


def has_own_triggers(situation: Situation, table: Fact) -> bool:
    """Whether a trigger that no migration makes works on that fact's table: what it reads and writes is not known."""
    made = situation.reference.makers
    return any(
        fact.kind == "trigger" and ("trigger", fact.relation, fact.name) not in made
        for fact in situation.database.catalog.of(table.schema, table.relation)
    )


def code_changes_rows(situation: Situation, migration: str) -> bool:
    """Whether code of that migration (RunPython) would still change rows: recording it would skip that."""
    return any(run.migration == migration and run.rows_changed for run in situation.survey.code_runs)
