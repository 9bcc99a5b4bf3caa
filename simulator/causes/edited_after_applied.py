"""The file of an applied migration says something else than when it was applied."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.findings.situation import Edit
from simulator.model import Cause
from simulator.postgres.sqlstate import ABSENT, DUPLICATES

ID = "edited-after-applied"
TITLE = "an applied migration was edited later"


def explain(case: Case) -> Cause | None:
    failure = case.failure
    if failure.sqlstate in ABSENT and case.root.existing is None:
        return _makes_now(case)
    return _made_then(case) if failure.sqlstate in DUPLICATES else None


def _makes_now(case: Case) -> Cause | None:
    """What is missing is made by a migration that did not make it when it was applied."""
    failure = case.failure
    maker = case.situation.maker(failure.relation or "", failure.column_name or "", failure.constraint_name or "")
    edit = case.situation.code.edits.get(maker or "")
    if maker is None or edit is None or edit.text is None or case.is_made_by(maker, edit.text):
        return None
    what = f"{failure.relation}.{failure.column_name}" if failure.column_name else failure.relation
    return Cause(ID, TITLE, "certain", (_edited(maker, edit), f"it makes {what} now, and did not then"))


def _made_then(case: Case) -> Cause | None:
    """What is in the way was made by a migration that no longer makes it."""
    for name, edit in sorted(case.situation.code.edits.items()):
        if case.is_made_by(name, edit.text) and case.may_be_own_work:
            makes_it_now = case.situation.maker(case.failure.relation or "", case.failure.column_name or "") == name
            if not makes_it_now:
                what = case.root.existing.name if case.root.existing else case.failure.relation
                return Cause(ID, TITLE, "certain", (_edited(name, edit), f"it made {what} then, and does not now"))
    return None


def _edited(name: str, edit: Edit) -> str:
    if edit.commit is None:
        return f"{name} is applied, and {edit.path} has changes since that are not committed"
    by = f" by {edit.by}" if edit.by else ""
    at = f" ({edit.at[:10]})" if edit.at else ""
    return f"{name} was applied before {edit.path} was changed in {edit.commit}{by}{at}"
