"""Delete the migrations and write them anew: the last resort, named with its cost and never tried unasked. Pure."""

from __future__ import annotations

from simulator.graph import app_of
from simulator.model import Fix, Step
from simulator.situation import Situation

ID = "reset-migrations"
TITLE = "Reset the migrations (the last resort)"


def propose(situation: Situation, options: tuple[str, ...]) -> Fix | None:
    """Where history and files have parted: rows that no file on disk has, in an app that fails."""
    failing = {app_of(root.failure.migration) for root in situation.roots if root.failure.migration}
    apps = sorted({app_of(name) for name in situation.history.not_on_disk} & failing)
    if not apps:
        return None
    names = " ".join(apps)
    steps = (
        Step(person=f"delete the migration files of {names}, then: python manage.py makemigrations {names}"),
        *(Step(person=f"on every database: python manage.py migrate {app} --fake") for app in apps),
    )
    note = "every other database and branch needs the same at the same time, and data migrations are gone"
    return Fix(ID, TITLE, steps, mends=tuple(root.id for root in situation.roots), note=note)
