"""``migrate app --prune``: it removes rows of migrations that are not on disk, and touches no table."""

from __future__ import annotations

from simulator.findings.graph import app_of
from simulator.findings.situation import Situation
from simulator.model import Fix, Step

ID = "prune"
TITLE = "migrate --prune"


def propose(situation: Situation, options: tuple[str, ...]) -> Fix | None:
    """For the apps of roots that have such rows. Django has it since 4.1."""
    failing = {app_of(root.failure.migration) for root in situation.roots if root.failure.migration}
    apps = sorted({app_of(name) for name in situation.history.not_on_disk} & failing)
    if not apps:
        return None
    steps = (*(Step(manage=("migrate", app, "--prune", *options)) for app in apps), Step(manage=("migrate", *options)))
    return Fix(ID, f"migrate {' '.join(apps)} --prune", steps, mends=tuple(root.id for root in situation.roots))
