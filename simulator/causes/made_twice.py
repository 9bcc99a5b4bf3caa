"""Two operations of the code make the same thing."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.causes import code, facts, words
from simulator.findings.situation import Situation
from simulator.model import Cause, Finding
from simulator.postgres import shape

ID = "made-twice"
TITLE = "the code makes it twice"


LONGEST_NAME = 63  # bytes; PostgreSQL cuts the rest off, before a character that would not be whole
LONGEST_CHARACTER = 4


def explain(situation: Situation, root: Finding) -> Cause | None:
    if not facts.collides(root) or not facts.code_fails(situation, root):
        return None
    name, relation = facts.name_of(root), root.failure.relation or ""
    makers = list(_makers(situation, root))
    evidence = [
        f"{words.listed(makers)} already {'makes' if len(makers) == 1 else 'make'} what {name} makes: {relation}"
    ]
    if not makers:
        if root.existing is None or any(shape.has_relation_name(fact, relation) for fact in situation.database.catalog):
            return None
        evidence = [f"{name} makes {relation} twice itself"]
    if len(relation.encode()) > LONGEST_NAME - LONGEST_CHARACTER:
        evidence.append(f"PostgreSQL cuts names after {LONGEST_NAME} bytes, so that two long ones may become the same")
    return Cause(ID, TITLE, "certain", (*evidence, *code.evidence(situation, root)))


def _makers(situation: Situation, root: Finding) -> Iterator[str]:
    """Other migrations that make it, by what the reference saw before it stopped, and by their operations."""
    failure, name = root.failure, facts.name_of(root)
    standing = root.existing
    by_name = standing is not None and standing.table_name is not None and failure.column_name is None
    found = {
        facts.maker(situation, failure.relation or "", failure.column_name or "")
        if not by_name
        else facts.maker(situation, standing.table_name or "", constraint=standing.name)
        if standing
        else None
    }
    found |= {
        file.name
        for file in situation.code.files.values()
        for operation in file.operations
        if operation.kind == "CreateModel" and operation.table == failure.relation and failure.column_name is None
    }
    creating = [
        operation
        for operation in (situation.code.files[name].operations if name in situation.code.files else ())
        if operation.kind == "CreateModel" and operation.table == failure.relation
    ]
    if len(creating) > 1:
        yield name
    yield from sorted(other for other in found if other and other != name)
