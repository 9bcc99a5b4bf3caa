"""What brings a half-made migration to its end: the statements that the survey could run, then the rest."""

from __future__ import annotations

import re
from typing import NamedTuple

from simulator.findings.case import Case
from simulator.findings.situation import Situation
from simulator.fixes.history_numbers import missing_key
from simulator.fixes.route import Mend
from simulator.postgres import ddl
from simulator.postgres.catalog import Catalog, key

_DROP_DEFAULT = re.compile(r'ALTER TABLE "([^"]+)" ALTER COLUMN "([^"]+)" DROP DEFAULT')


class Repair(NamedTuple):
    """``ran``: the migration's own statements that met nothing in their way. ``altered``: what they leave different."""

    ran: tuple[str, ...]
    altered: tuple[str, ...]


def repaired(case: Case, fix: str, title: str) -> Mend | None:
    """The rest made just before the migration is recorded; None where that can't be, or skips the code's own work."""
    name = case.failure.migration
    if name is None or not case.recording_may_settle_it or case.situation.refuses_inserts(name):
        return None
    found = repair(case.situation, name)
    if found is None or case.situation.code_changes_rows(name):
        return None
    # An index that is made before a column's type changes is built twice.
    indexes = tuple(sql for sql in found.ran if sql.startswith(("CREATE INDEX", "CREATE UNIQUE INDEX")))
    statements = (*(sql for sql in found.ran if sql not in indexes), *found.altered, *indexes)
    key = missing_key(case.situation)
    return Mend(fix, title, (case.root.id,), history=key, complete={name: statements}, fake=frozenset({name}))


def repair(situation: Situation, migration: str) -> Repair | None:
    """None where it can't be said, or something in the way is of a kind that can't be altered."""
    wanted, effects = situation.reference.after.get(migration), situation.effects.get(migration)
    if wanted is None or effects is None:
        return None
    there = {fact.name for fact in effects.present if situation.database.catalog.like(fact) is None}
    ran = tuple(
        one.sql
        for one in situation.survey.ran
        if one.migration == migration and not (_makes_again(one.sql, there) or _drops_no_default(one.sql, situation))
    )
    change = _change(situation, migration, wanted)
    return None if change.impossible else Repair(ran, change.statements)


def impossible(situation: Situation, migration: str) -> tuple[str, ...]:
    """What of a migration's work can't be brought about by altering what stands there, in words."""
    wanted = situation.reference.after.get(migration)
    if wanted is None or migration not in situation.effects:
        return ()
    return _change(situation, migration, wanted).impossible


def _change(situation: Situation, migration: str, wanted: Catalog) -> ddl.Change:
    """After what the survey could run of it: what the migration itself lacks. What a later one has changed or removed
    since stays as it is."""
    effects, standing = situation.effects[migration], situation.survey.after.get(migration, situation.database.catalog)
    lacking = {key(fact): fact for fact in (*effects.absent, *(meant for _standing, meant in effects.different))}
    kept = (fact for fact in standing if fact.relation and key(fact) not in lacking)
    beside = (fact for fact in wanted if not fact.relation)
    meant = Catalog(frozenset((*kept, *lacking.values(), *beside)))
    return ddl.together(ddl.alter(standing, meant, *place) for place in sorted(_relations(situation, migration)))


def _makes_again(sql: str, there: set[str]) -> bool:
    """Whether it makes an index or a constraint that stands there under another name."""
    return any(
        sql.startswith(("CREATE INDEX", "CREATE UNIQUE INDEX", "ALTER TABLE")) and f'"{name}"' in sql for name in there
    )


def _drops_no_default(sql: str, situation: Situation) -> bool:
    """What follows on Django's ADD COLUMN … DEFAULT; here the column is there, has none, and was given none since."""
    match = _DROP_DEFAULT.fullmatch(sql)
    given = sql.removesuffix("DROP DEFAULT") + "SET DEFAULT"
    if match is None or any(one.sql.startswith(given) for one in situation.survey.ran):
        return False
    return any(
        fact.kind == "column" and (fact.relation, fact.name) == match.groups() and not fact.definition[2]
        for fact in situation.database.catalog
    )


def _relations(situation: Situation, migration: str) -> set[tuple[str, str]]:
    """What the migration makes or changes, and is not as it should be afterwards."""
    effects = situation.effects[migration]
    return {(fact.schema, fact.relation) for fact in effects.added if fact.relation}
