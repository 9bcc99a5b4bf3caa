"""The history is not there: no table, no row, or none of an app's."""

from __future__ import annotations

from simulator.causes import facts, words
from simulator.findings import data_migrations
from simulator.findings.graph import app_of
from simulator.findings.situation import Situation
from simulator.model import Cause, Confidence, Finding

ID = "history-missing"
TITLE = "the history is missing"


def explain(situation: Situation, root: Finding) -> Cause | None:
    name = facts.name_of(root)
    again = data_migrations.has_run(situation, root)
    if not (facts.own_collision(root) or facts.done_already(situation, root) or again):
        return None
    if situation.database.history.kind is None:
        return _no_table(situation, root)
    app = app_of(name)
    whole = situation.database.history.rows == ()
    there = [one for one in _met(situation) if whole or app_of(one) == app]
    if not whole and facts.rows_of_app(situation, app):
        return None
    if len(there) < 2 or (not whole and facts.signs_of_hand(situation, root)):
        return None
    nothing = "django_migrations has no row at all" if whole else f"django_migrations has no row of {app}"
    said = f"{words.count(len(there), 'migration')} {'' if whole else f'of {app} '}made what stands there"
    ran = words.content_types(situation, name) if facts.content_types(situation, name) else None
    sure: Confidence = "certain" if whole or ran else "likely"
    return Cause(ID, TITLE, sure, (nothing, said, *filter(None, [ran, words.numbers(situation.database.history)])))


def _no_table(situation: Situation, root: Finding) -> Cause | None:
    """A database that Django never saw has no history either: then what stands there shows it."""
    there = _met(situation)
    djangos = situation.database.content_types is not None or len(there) > 1
    effects = facts.effects_of(situation, root)
    if not djangos and (facts.signs_of_hand(situation, root) or (effects is not None and effects.different)):
        return None
    said = f"{words.count(len(there), 'migration')} made what stands there" if there else ""
    known = "django_content_type is there" if situation.database.content_types is not None else ""
    evidence = tuple(filter(None, ("there is no django_migrations", said, known)))
    return Cause(ID, TITLE, "certain" if djangos else "likely", evidence)


def _met(situation: Situation) -> tuple[str, ...]:
    """Pending migrations that are in effect, or whose own work at least stands in their way."""
    done = set(facts.in_effect(situation))
    met = {one.failure.migration for one in situation.findings if facts.own_collision(one)}
    return tuple(name for name in situation.pending if name in done or name in met)
