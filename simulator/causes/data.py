"""What several causes say about rows that a migration can't take: where, and how many rows the table has."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.findings.case import Case
from simulator.model import Finding, Phase
from simulator.wording import count


def is_about_rows(root: Finding) -> bool:
    """Django's own tables of record have causes of their own."""
    return root.failure.phase in (Phase.OPERATION, Phase.DEFERRED)


def table_of(root: Finding) -> str | None:
    return root.failure.table_name or root.failure.relation


def sentences(case: Case) -> Iterator[str]:
    """How many rows, which constraint, whether the code passes without rows. Never a row."""
    failure, table = case.failure, table_of(case.root)
    for place, rows in sorted(case.situation.database.rows.items()):
        schema, _dot, name = place.partition(".")
        if name == table and (failure.schema_name or schema) == schema:
            yield f"{place} has {count(rows, 'row')}"
    if failure.constraint_name:
        wanted = (
            case.situation.reference.after.get(failure.migration or "") if case.situation.reference.complete else None
        )
        for fact in sorted(wanted.facts) if wanted is not None else ():
            if fact.kind in ("constraint", "index") and fact.name == failure.constraint_name and fact.relation == table:
                yield f"{fact.name}: {fact.definition[1] if fact.kind == 'constraint' else fact.definition[0]}"
    operation = case.operation
    if operation is not None and operation.runs_code:
        yield f"the statement is one of {case.migration}'s own code ({operation.text})"
    if case.situation.reference.complete:
        yield f"without rows {case.migration or 'the code'} passes"
