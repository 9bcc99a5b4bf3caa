"""Whether a migration that is not recorded is shown never to have run here.

That its row is missing shows nothing: a row can be lost. What it would have left behind, or could not have done
without, does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulator.findings import migration_source
from simulator.findings.graph import ancestors, app_of
from simulator.findings.situation import Situation
from simulator.model import Fact
from simulator.postgres.catalog import Catalog, Key, key


def never_ran(situation: Situation, name: str) -> str | None:
    """What shows it, in words; None where nothing does, and for one that is recorded, if in part, or not on disk."""
    file = situation.code.files.get(name)
    if file is None or situation.recorded & {name, *file.replaces}:
        return None
    return next(_shown(situation, name), None)


def _shown(situation: Situation, name: str) -> Iterator[str]:
    if why := _schema_part_missing(situation, name):
        yield why
    above = ancestors(name, situation.code.files)
    for parent in (one for one in situation.reference.after if one in above - situation.recorded):
        if why := _schema_part_missing(situation, parent):
            yield f"it depends on {parent}: {why}"
    for table, maker in _tables_of_its_code(situation, name):
        if why := _schema_part_missing(situation, maker):
            yield f"it uses {table}, which {maker} makes: {why}"
    table_ = situation.database.history
    if table_.rows and table_.is_in_order and table_.missing_ids == 0:
        yield "django_migrations has given out no id that no row has, so no row is lost"


def work_is_missing(situation: Situation, name: str) -> str | None:
    """The same of one that is recorded: of all that it makes or removes nothing is done."""
    reference, before = situation.reference, Catalog()
    for migration, after in reference.after.items():
        if migration == name:
            break
        before = after
    else:
        return None
    file, standing = situation.code.files.get(name), situation.database.catalog
    if file is None or not file.atomic or not reference.complete or situation.unknown_of_app(app_of(name)):
        return None
    changed = _changed_since(situation, name)
    made = [fact for fact in after.facts - before.facts if _is_told_by(fact) and key(fact) not in changed]
    new = [fact for fact in made if before.like(fact) is None]
    if not new or any(standing.like(fact) is not None for fact in made):
        return None
    return f"{_first(new)}, which it makes, is not there"


def _schema_part_missing(situation: Situation, name: str) -> str | None:
    """Of one transaction either all is done or nothing is; only what applied migrations can't have changed since."""
    effects, file = situation.effects.get(name), situation.code.files.get(name)
    if effects is None or file is None or not file.atomic or not situation.reference.complete:
        return None
    if effects.present or effects.gone or effects.different or situation.unknown_of_app(app_of(name)):
        return None
    changed = _changed_since(situation, name)
    absent = [fact for fact in effects.absent if _is_told_by(fact) and key(fact) not in changed]
    still = [fact for fact in effects.still if _is_told_by(fact) and key(fact) not in changed]
    if absent:
        return f"{_first(absent)}, which it makes, is not there"
    return f"{_first(still)}, which it removes, is there" if still else None


def _changed_since(situation: Situation, migration: str) -> frozenset[Key]:
    """What recorded migrations that come after it make, change and remove."""
    found: set[Key] = set()
    later, before = False, Catalog()
    for name, after in situation.reference.after.items():
        if later and name in situation.recorded:
            found.update(map(key, before.facts ^ after.facts))
        later, before = later or name == migration, after
    return frozenset(found)


def _is_told_by(fact: Fact) -> bool:
    """An index or a constraint is what people drop by hand; a table or a column holds what the code works with."""
    return fact.kind in ("relation", "column")


def _first(facts: Sequence[Fact]) -> str:
    """A table before columns."""
    fact = min(facts, key=lambda one: (one.kind != "relation", one))
    return f"{fact.relation}.{fact.name}" if fact.name else fact.relation


def _tables_of_its_code(situation: Situation, name: str) -> Iterator[tuple[str, str]]:
    """Tables of models for which its code asks by ``get_model``, each with the pending migration that makes it."""
    for model in sorted(migration_source.models_asked_for(situation.code.texts.get(name))):
        table = situation.tables_of_models.get(model, model.replace(".", "_", 1))
        maker = situation.maker(table)
        if maker in situation.pending and maker != name:
            yield table, maker
