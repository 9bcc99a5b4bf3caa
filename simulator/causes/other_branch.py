"""What stands there was made by another branch's migration."""

from __future__ import annotations

from simulator.causes import words
from simulator.findings.case import Case
from simulator.findings.graph import ancestors, app_of
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding

ID = "other-branch"
TITLE = "made by another branch's migration"


def explain(case: Case) -> Cause | None:
    if not case.may_be_own_work:
        return None
    return _recorded(case) or _forgotten(case)


def _recorded(case: Case) -> Cause | None:
    """Its row is there, its file is not. Without a repository, one that was applied after the branches had parted."""
    name = case.migration
    rows = case.situation.unknown_of_app(app_of(name))
    made_it = [row for row in rows if _makes(case, row)]
    if made_it:
        said = [
            f"{words.not_on_disk(row, case.situation.code.git.get(row))}; it makes {_what(case.root)}"
            for row in made_it[:3]
        ]
        return Cause(ID, TITLE, "certain", (*said, words.no_row(name)))
    unread = [row for row in rows if row not in case.situation.code.git or case.situation.code.git[row].text is None]
    later = _after_the_fork(case.situation, name, unread)
    if not later:
        return None
    said = [words.not_on_disk(row, case.situation.code.git.get(row)) for row in later[:3]]
    return Cause(ID, TITLE, "likely", (*said, words.no_row(name)))


def _forgotten(case: Case) -> Cause | None:
    """Neither row nor file, but the repository has a migration that makes it: its row may have been pruned."""
    name = case.migration
    known = case.situation.recorded | set(case.situation.code.files)
    effects = case.effects
    if effects is not None and effects.all_there:
        return None
    for other, trace in sorted(case.situation.code.git.items()):
        if app_of(other) == app_of(name) and other not in known and _makes(case, other):
            said = (
                f"{other}, neither recorded nor on disk, makes {_what(case.root)}: {', '.join(words.history_of(trace))}"
            )
            lost = bool(case.situation.database.history.missing_ids)
            numbers = words.numbers(case.situation.database.history) if lost else None
            evidence = tuple(filter(None, (said, numbers)))
            return Cause(ID, TITLE, "likely" if lost else "possible", evidence)
    return None


def _makes(case: Case, other: str) -> bool:
    trace = case.situation.code.git.get(other)
    return trace is not None and case.is_made_by(other, trace.text)


def _what(root: Finding) -> str:
    return words.place(root.existing) if root.existing else root.failure.relation or "it"


def _after_the_fork(situation: Situation, name: str, rows: list[str]) -> list[str]:
    """Those recorded later than everything that the migration depends on: what a squash left behind is older."""
    ids = {row.name: row.id for row in situation.database.history.rows}
    above = [ids[one] for one in ancestors(name, situation.code.files) if app_of(one) == app_of(name) and one in ids]
    last = max((number for number in above if number is not None), default=0)
    return [row for row in rows if (ids.get(row) or 0) > last]
