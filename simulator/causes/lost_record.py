"""The migration ran, and its row of django_migrations was deleted or never copied."""

from __future__ import annotations

from simulator.causes import facts, words
from simulator.findings import data_migrations
from simulator.findings.situation import Situation
from simulator.model import Cause, Confidence, Finding

ID = "lost-record"
TITLE = "history row lost"


def explain(situation: Situation, root: Finding) -> Cause | None:
    """A content type shows that a migrate once ended with the model; an id without a row, that a row is gone."""
    name = facts.name_of(root)
    if data_migrations.has_run(situation, root):
        again = words.written_again(root)
        return Cause(
            ID,
            TITLE,
            "likely",
            tuple(filter(None, (words.no_row(name), words.numbers(situation.database.history), again))),
        )
    done = facts.done_already(situation, root)
    ended, missing = facts.content_types(situation, name), situation.database.history.missing_ids
    if not done and not (facts.own_collision(root) and ended and missing and _named_by_django(situation, name)):
        return None
    untouched = missing == 0 and not _all_named_by_django(situation, name)
    if done and not ended and (untouched or facts.signs_of_hand(situation, root)):
        return None
    evidence = (
        words.no_row(name),
        words.numbers(situation.database.history),
        words.content_types(situation, name),
        *words.effects(name, facts.effects_of(situation, root)),
        *words.owner(situation, root),
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
    there, wanted = facts.hashed_names(situation, name)
    return there == wanted > 0


def _named_by_django(situation: Situation, name: str) -> bool:
    return facts.hashed_names(situation, name)[0] > 0
