"""Some of what a squash replaces is recorded and some not, and the originals are not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simulator.findings.case import Case
from simulator.findings.situation import Situation
from simulator.model import Cause, MigrationFile, Phase
from simulator.wording import listed

ID = "squash-half-applied"
TITLE = "a squash of which only a part is recorded"


MISSING_NODE = ("NodeNotFoundError", "KeyError")


def explain(case: Case) -> Cause | None:
    """Only such rows change the graph that Django builds: from nothing the same files load, or make what is missing."""
    failure, squash = case.failure, case.left_out_squash
    if squash is not None:
        left_out = "Django leaves out both a squash in part recorded and what it replaces whose files are gone"
        return Cause(ID, TITLE, "certain", (*_partly(case.situation, [squash]), left_out))
    kind = failure.exception.rpartition(".")[2]
    if kind not in MISSING_NODE or failure.sqlstate or not case.situation.reference.complete:
        return None
    partly = tuple(_partly(case.situation, case.situation.code.files.values()))
    if failure.phase is not Phase.LOAD and not partly:
        return None
    from_nothing = "from an empty database the same files load"
    return Cause(ID, TITLE, "certain" if partly else "likely", (*partly, failure.message, from_nothing))


def _partly(situation: Situation, files: Iterable[MigrationFile]) -> Iterator[str]:
    known = situation.recorded
    for file in files:
        there = [name for name in file.replaces if name in known]
        if there and len(there) < len(file.replaces):
            lacking = [name for name in file.replaces if name not in known]
            yield f"{file.name} replaces {listed(there)}, recorded, and {listed(lacking)}, not recorded"
