"""``migrate app --prune``: it removes rows of migrations that are not on disk, and touches no table.

Django has it since 4.1; before, the same rows are deleted by SQL.
"""

from __future__ import annotations

import re

from simulator.findings.graph import app_of
from simulator.findings.situation import Situation
from simulator.model import Fix, Step
from simulator.postgres.sql import literal

ID = "prune"
TITLE = "migrate --prune"


def propose(situation: Situation, options: tuple[str, ...]) -> Fix | None:
    """For the apps of roots that have such rows."""
    failing = {app_of(root.failure.migration) for root in situation.roots if root.failure.migration}
    apps = sorted({app_of(name) for name in situation.history.not_on_disk} & failing)
    if not apps:
        return None
    last = Step(manage=("migrate", *options))
    if _has_option(situation.code.django):
        steps = tuple(Step(manage=("migrate", app, "--prune", *options)) for app in apps)
        title = f"migrate {' '.join(apps)} --prune"
    else:
        steps = tuple(Step(sql=_delete(situation, app)) for app in apps)
        title = f"delete the rows of {' and '.join(apps)} that are not on disk"
    return Fix(ID, title, (*steps, last), mends=tuple(root.id for root in situation.roots))


def _has_option(version: str) -> bool:
    """Where the version is not known it is taken to be one of those that Django supports."""
    found = re.match(r"(\d+)\.(\d+)", version)
    return found is None or (int(found[1]), int(found[2])) >= (4, 1)


def _delete(situation: Situation, app: str) -> str:
    names = ", ".join(literal(name.partition(".")[2]) for name in situation.unknown_of_app(app))
    return f'DELETE FROM "django_migrations" WHERE "app" = {literal(app)} AND "name" IN ({names})'
