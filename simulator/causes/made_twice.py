"""Two operations of the code make the same thing."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.causes import code
from simulator.findings.case import Case
from simulator.model import Cause
from simulator.postgres import shape
from simulator.wording import listed

ID = "made-twice"
TITLE = "the code makes it twice"


LONGEST_NAME = 63  # bytes; PostgreSQL cuts the rest off, before a character that would not be whole
LONGEST_CHARACTER = 4


def explain(case: Case) -> Cause | None:
    if not case.collides or not case.code_fails:
        return None
    name, relation = case.migration, case.failure.relation or ""
    makers = list(_makers(case))
    evidence = [f"{listed(makers)} already {'makes' if len(makers) == 1 else 'make'} what {name} makes: {relation}"]
    if not makers:
        if case.root.existing is None or any(
            shape.has_relation_name(fact, relation) for fact in case.situation.database.catalog
        ):
            return None
        evidence = [f"{name} makes {relation} twice itself"]
    if len(relation.encode()) > LONGEST_NAME - LONGEST_CHARACTER:
        evidence.append(f"PostgreSQL cuts names after {LONGEST_NAME} bytes, so that two long ones may become the same")
    return Cause(ID, TITLE, "certain", (*evidence, *code.evidence(case)))


def _makers(case: Case) -> Iterator[str]:
    """Other migrations that make it, by what the reference saw before it stopped, and by their operations."""
    failure, name = case.failure, case.migration
    standing = case.root.existing
    by_name = standing is not None and standing.table_name is not None and failure.column_name is None
    found = {
        case.situation.maker(failure.relation or "", failure.column_name or "")
        if not by_name
        else case.situation.maker(standing.table_name or "", constraint=standing.name)
        if standing
        else None
    }
    found |= {
        file.name
        for file in case.situation.code.files.values()
        for operation in file.operations
        if operation.kind == "CreateModel" and operation.table == failure.relation and failure.column_name is None
    }
    creating = [
        operation
        for operation in (case.situation.code.files[name].operations if name in case.situation.code.files else ())
        if operation.kind == "CreateModel" and operation.table == failure.relation
    ]
    if len(creating) > 1:
        yield name
    yield from sorted(other for other in found if other and other != name)
