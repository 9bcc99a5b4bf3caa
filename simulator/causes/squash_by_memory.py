"""A squash is recorded, what it replaces is not, and the file still says that it replaces it. Pure."""

from __future__ import annotations

from simulator.causes import facts, words
from simulator.model import Cause, Finding
from simulator.situation import Situation

ID = "squash-by-memory"
TITLE = "a squash is recorded without what it replaces"


def explain(situation: Situation, root: Finding) -> Cause | None:
    """Django takes a squash for applied only where every migration that it replaces is recorded."""
    file, name = facts.file_of(situation, root), facts.name_of(root)
    known = facts.recorded(situation)
    if file is None or not file.replaces or name not in known or not facts.in_migration(root):
        return None
    lacking = [one for one in file.replaces if one not in known]
    if not lacking:
        return None
    said = f"django_migrations has a row for {name}, and none for {words.listed(lacking)}"
    return Cause(ID, TITLE, "certain", (said, f"{file.path or name} still lists them in replaces"))
