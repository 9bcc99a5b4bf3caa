"""Two leaves in one app: a merge migration, which only a person can say is right in either order."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.findings.graph import app_of
from simulator.findings.situation import Situation
from simulator.fixes.route import Mend
from simulator.model import Phase

ID = "merge-migration"
TITLE = "Write a merge migration"


def propose(case: Case) -> Mend | None:
    leaves = leaves_by_app(case.situation)
    if case.failure.phase is not Phase.PLAN or not case.failure.exception.endswith("CommandError") or not leaves:
        return None
    said = "; ".join(f"{app}: {', '.join(names)}" for app, names in leaves.items())
    text = (
        f"merge the leaves ({said}): python manage.py makemigrations --merge, once either order gives the same schema"
    )
    return Mend(ID, TITLE, (case.root.id,), person=text)


def leaves_by_app(situation: Situation) -> dict[str, list[str]]:
    """Apps whose migrations end in more than one."""
    parents = {
        parent
        for file in situation.code.files.values()
        for parent in file.parents
        if app_of(parent) == app_of(file.name)
    }
    found: dict[str, list[str]] = {}
    for name in sorted(situation.code.files):
        if name not in parents:
            found.setdefault(app_of(name), []).append(name.partition(".")[2])
    return {app: names for app, names in found.items() if len(names) > 1}
