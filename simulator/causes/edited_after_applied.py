"""The file of an applied migration says something else than when it was applied."""

from __future__ import annotations

from simulator.causes import facts
from simulator.findings.roots import ABSENT, DUPLICATES
from simulator.findings.situation import Edit, Situation
from simulator.model import Cause, Finding

ID = "edited-after-applied"
TITLE = "an applied migration was edited later"


def explain(situation: Situation, root: Finding) -> Cause | None:
    failure = root.failure
    if failure.sqlstate in ABSENT and root.existing is None:
        return _makes_now(situation, root)
    return _made_then(situation, root) if failure.sqlstate in DUPLICATES else None


def _makes_now(situation: Situation, root: Finding) -> Cause | None:
    """What is missing is made by a migration that did not make it when it was applied."""
    failure = root.failure
    maker = facts.maker(situation, failure.relation or "", failure.column_name or "", failure.constraint_name or "")
    edit = situation.code.edits.get(maker or "")
    if maker is None or edit is None or edit.text is None or facts.makes_it(situation, root, maker, edit.text):
        return None
    what = f"{failure.relation}.{failure.column_name}" if failure.column_name else failure.relation
    return Cause(ID, TITLE, "certain", (_edited(maker, edit), f"it makes {what} now, and did not then"))


def _made_then(situation: Situation, root: Finding) -> Cause | None:
    """What is in the way was made by a migration that no longer makes it."""
    for name, edit in sorted(situation.code.edits.items()):
        if facts.makes_it(situation, root, name, edit.text) and facts.own_collision(root):
            makes_it_now = facts.maker(situation, root.failure.relation or "", root.failure.column_name or "") == name
            if not makes_it_now:
                what = root.existing.name if root.existing else root.failure.relation
                return Cause(ID, TITLE, "certain", (_edited(name, edit), f"it made {what} then, and does not now"))
    return None


def _edited(name: str, edit: Edit) -> str:
    if edit.commit is None:
        return f"{name} is applied, and {edit.path} has changes since that are not committed"
    by = f" by {edit.by}" if edit.by else ""
    at = f" ({edit.at[:10]})" if edit.at else ""
    return f"{name} was applied before {edit.path} was changed in {edit.commit}{by}{at}"
