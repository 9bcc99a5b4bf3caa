"""A migration that is not atomic stopped on its way: what it had done by then stays."""

from __future__ import annotations

from simulator.causes import words
from simulator.findings.case import Case
from simulator.findings.situation import Situation
from simulator.model import Cause, Phase

ID = "half-applied"
TITLE = "a migration that is not atomic stopped half-way"


def explain(case: Case) -> Cause | None:
    file, name = case.file, case.migration
    if file is None or file.atomic or not case.may_be_own_work:
        return None
    effects = case.effects
    if effects is not None and (effects.all_there or not effects.present or effects.different):
        return None  # what it did itself is as it makes it
    done, following = _operations(case.situation, name)
    prefix = bool(done and following and max(done) < min(following))
    stops = case.situation.reference.failure
    always = stops is not None and not stops.sandbox and stops.migration == name
    if not (prefix or always or effects is not None):
        return None
    evidence = [f"{file.path or name} is not atomic"]
    if prefix:
        evidence.append(
            f"operation {max(done) + 1} of {len(file.operations)} stands there, {min(following) + 1} does not"
        )
    if always and stops is not None:
        evidence.append(f"from nothing it stops as well: {stops.sqlstate or stops.exception} {stops.message}")
    evidence += [words.no_row(name), *words.effects(name, effects)]
    return Cause(ID, TITLE, "certain" if prefix else "likely", tuple(evidence))


def _operations(situation: Situation, name: str) -> tuple[set[int], set[int]]:
    """Numbers of the operations that met their own work, and of those that did not."""
    texts = [operation.text for operation in situation.code.files[name].operations]
    met: set[int] = set()
    failed: set[int] = set()
    for one in situation.findings_of(name):
        if one.failure.phase is Phase.OPERATION and one.failure.operation in texts:
            place = texts.index(one.failure.operation)
            (met if Case(situation, one).collides else failed).add(place)
    ran = {one.operation_index for one in situation.survey.ran if one.migration == name and not one.deferred}
    return met, (ran | failed) - met
