"""The history is not there: no table, no row, or none of an app's."""

from __future__ import annotations

from simulator.causes import words
from simulator.findings import data_migrations, origins
from simulator.findings.case import Case
from simulator.findings.graph import app_of
from simulator.findings.situation import Situation
from simulator.model import Cause, Confidence
from simulator.wording import count

ID = "history-missing"
TITLE = "the history is missing"


def explain(case: Case) -> Cause | None:
    name = case.migration
    again = data_migrations.has_run(case)
    if not (case.may_be_own_work or case.is_done_already or again):
        return None
    if case.situation.database.history.kind is None:
        return _no_table(case)
    app = app_of(name)
    whole = case.situation.database.history.rows == ()
    there = [one for one in _met(case.situation) if whole or app_of(one) == app]
    if not whole and case.situation.recorded_of_app(app):
        return None
    if len(there) < 2 or (not whole and origins.signs_of_manual_change(case)):
        return None
    nothing = "django_migrations has no row at all" if whole else f"django_migrations has no row of {app}"
    said = f"{count(len(there), 'migration')} {'' if whole else f'of {app} '}made what stands there"
    ran = words.content_types(case.situation, name) if origins.content_types(case.situation, name) else None
    sure: Confidence = "certain" if whole or ran else "likely"
    return Cause(ID, TITLE, sure, (nothing, said, *filter(None, [ran, words.numbers(case.situation.database.history)])))


def _no_table(case: Case) -> Cause | None:
    """A database that Django never saw has no history either: then what stands there shows it."""
    there = _met(case.situation)
    djangos = case.situation.database.content_types is not None or len(there) > 1
    effects = case.effects
    if not djangos and (origins.signs_of_manual_change(case) or (effects is not None and effects.different)):
        return None
    said = f"{count(len(there), 'migration')} made what stands there" if there else ""
    known = "django_content_type is there" if case.situation.database.content_types is not None else ""
    evidence = tuple(filter(None, ("there is no django_migrations", said, known)))
    return Cause(ID, TITLE, "certain" if djangos else "likely", evidence)


def _met(situation: Situation) -> tuple[str, ...]:
    """Pending migrations that are in effect, or whose own work at least stands in their way."""
    done = set(situation.in_effect)
    met = {one.failure.migration for one in situation.findings if Case(situation, one).may_be_own_work}
    return tuple(name for name in situation.pending if name in done or name in met)
