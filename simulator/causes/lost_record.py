"""The migration ran, and its row of django_migrations was deleted or never copied."""

from __future__ import annotations

from simulator.causes import words
from simulator.findings import data_migrations, origins
from simulator.findings.case import Case
from simulator.findings.situation import Situation
from simulator.model import Cause, Confidence

ID = "lost-record"
TITLE = "history row lost"


def explain(case: Case) -> Cause | None:
    """A content type shows that a migrate once ended with the model; an id without a row, that a row is gone."""
    name = case.migration
    if data_migrations.has_run(case):
        again = words.written_again(case.root)
        return Cause(
            ID,
            TITLE,
            "likely",
            tuple(filter(None, (words.no_row(name), words.numbers(case.situation.database.history), again))),
        )
    done = case.is_done_already
    ended, missing = origins.content_types(case.situation, name), case.situation.database.history.missing_ids
    if not done and not (case.may_be_own_work and ended and missing and _named_by_django(case.situation, name)):
        return None
    untouched = missing == 0 and not _all_named_by_django(case.situation, name)
    if done and not ended and (untouched or origins.signs_of_manual_change(case)):
        return None
    evidence = (
        words.no_row(name),
        words.numbers(case.situation.database.history),
        words.content_types(case.situation, name),
        *words.effects(name, case.effects),
        *words.owner(case),
    )
    return Cause(ID, TITLE, _sure(done, ended, missing), tuple(filter(None, evidence)))


def _sure(done: bool, ended: bool | None, missing: int | None) -> Confidence:
    if not done:
        return "likely"
    if ended:
        return "certain" if missing else "likely"
    return "likely" if missing and ended is None else "possible"


def _all_named_by_django(situation: Situation, name: str) -> bool:
    """Nobody types such names by hand; rows may have been copied or numbered anew since."""
    there, wanted = origins.hashed_names(situation, name)
    return there == wanted > 0


def _named_by_django(situation: Situation, name: str) -> bool:
    return origins.hashed_names(situation, name)[0] > 0
