"""Two migrations of one app stand on the same one, and nothing merges them."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.findings.graph import app_of
from simulator.findings.situation import Situation
from simulator.model import Cause, Phase
from simulator.wording import listed

ID = "conflicting-leaves"
TITLE = "two leaves in one app"


def explain(case: Case) -> Cause | None:
    if case.failure.phase is not Phase.PLAN or not case.failure.exception.endswith("CommandError"):
        return None
    leaves = {app: names for app, names in _leaves(case.situation).items() if len(names) > 1}
    if not leaves:
        return None
    evidence = tuple(f"nothing comes after {listed(names)}" for names in leaves.values())
    return Cause(ID, TITLE, "certain", evidence)


def _leaves(situation: Situation) -> dict[str, list[str]]:
    files = situation.code.files.values()
    parents = {parent for file in files for parent in file.parents if app_of(parent) == app_of(file.name)}
    replaced = {name for file in files for name in file.replaces}
    found: dict[str, list[str]] = {}
    for name in sorted(set(situation.code.files) - parents - replaced):
        found.setdefault(app_of(name), []).append(name)
    return found
