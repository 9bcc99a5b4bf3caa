"""Evidence in sentences, each with the user's own names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from simulator.findings import origins
from simulator.findings.case import Case
from simulator.findings.situation import Effects, GitTrace, HistoryRow, HistoryTable, Situation
from simulator.model import Existing, Fact, Finding
from simulator.wording import and_more, count, listed

_MOST = 3  # how many of a list are named
_KINDS = ("table", "column", "constraint", "index")


def no_row(name: str) -> str:
    return f"django_migrations has no row for {name}"


def recorded_twice(rows: Sequence[HistoryRow]) -> str:
    """Of the rows of one migration."""
    times = listed([f"id {row.id}, applied {row.applied}" for row in rows[:_MOST]])
    return f"django_migrations has {count(len(rows), 'row')} of {rows[0].name} ({times}): two migrates ran at once"


def written_again(root: Finding) -> str:
    """Of a migration's code that meets what it wrote, perhaps."""
    what = f" ({root.failure.constraint_name})" if root.failure.constraint_name else ""
    return f"the code of {root.failure.migration} writes to {root.failure.relation} what is there already{what}"


def numbers(table: HistoryTable) -> str | None:
    """What its ids say about rows that are gone; None where they can't say anything."""
    missing = table.missing_ids
    if missing is None or table.next_id is None:
        return None
    ids = {row.id for row in table.rows if row.id is not None}
    if table.next_id == 1:
        return "django_migrations has never given out an id"
    if missing == 0:
        return f"every id that django_migrations has given out, up to {table.next_id - 1}, has its row"
    at = f"the id sequence of django_migrations is at {table.next_id - 1}"
    holes = [number for number in range(1, max(ids, default=0)) if number not in ids] if missing < 1_000 else []
    if holes:
        return f"{at}, and no row has {listed(map(str, holes), 'id', 'ids')}"
    return f"{at}, the highest id is {max(ids)}" if ids else f"{at}, and there is no row"


def content_types(situation: Situation, name: str) -> str | None:
    """Whether a migrate ran to its end with the migration's models."""
    there = origins.content_types(situation, name)
    file = situation.code.files.get(name)
    models = sorted({one.model for one in file.operations if one.kind == "CreateModel" and one.model} if file else ())
    if there is None or not models:
        return None
    if there:
        return f"django_content_type has {_models(models)}, so a migrate once ran to its end with it"
    return f"django_content_type has no {_models(models)}, so no migrate ran to its end with it"


def _models(models: list[str]) -> str:
    return " and ".join(models[:_MOST]) + (" …" if len(models) > _MOST else "")


def effects(name: str, found: Effects | None) -> Iterator[str]:
    """How much of what a migration does is done."""
    if found is None:
        return
    parts = _counted(found.present)
    if found.all_there:
        if parts:
            yield f"everything that {name} makes stands there: {parts}"
        if found.gone:
            yield f"what {name} removes is gone already: {_counted(found.gone)}"
        return
    if parts:
        yield f"of what {name} makes, these stand there: {parts}"
    if found.absent:
        yield f"these do not, or not yet as it makes them: {_counted(found.absent)}"
    if found.different:
        yield f"these stand there otherwise: {_counted(wanted for _standing, wanted in found.different)}"


def _counted(found: Iterable[Fact]) -> str:
    kinds = Counter(fact.definition[0] if fact.kind == "relation" else fact.kind for fact in found)
    ordered = sorted(kinds, key=lambda kind: (_KINDS.index(kind) if kind in _KINDS else len(_KINDS), kind))
    return ", ".join(count(kinds[kind], kind) for kind in ordered)


def place(standing: Existing) -> str:
    """What stands there: table public.blog_tag, column public.blog_tag.slug."""
    where = ".".join(part for part in (standing.schema_name, standing.table_name) if part)
    return f"{standing.kind} {where}.{standing.name}" if where else f"{standing.kind} {standing.name}"


def differences(root: Finding) -> Iterator[str]:
    """How what stands there differs from what is wanted."""
    standing = root.existing
    if standing is not None and standing.differences:
        more = and_more(standing.differences, _MOST)
        yield f"{place(standing)}: {'; '.join(standing.differences[:_MOST])}" + (f";{more}" if more else "")


def standing(root: Finding) -> Iterator[str]:
    """What holds the name."""
    if root.existing is not None:
        known = root.existing.rows is not None and root.existing.table_name is None
        rows = f" with {count(root.existing.rows or 0, 'row')}" if known else ""
        yield f"{place(root.existing)} stands there{rows}"


def not_on_disk(name: str, trace: GitTrace | None) -> str:
    """A row without its file, and what the repository knows of that."""
    said = [f"{name} is recorded and not on disk"]
    if trace is not None:
        said += history_of(trace)
    return ", ".join(said)


def history_of(trace: GitTrace) -> Iterator[str]:
    if trace.deleted_in:
        by = f" by {trace.deleted_by}" if trace.deleted_by else ""
        at = f" ({trace.deleted_at[:10]})" if trace.deleted_at else ""
        yield f"deleted in {trace.deleted_in}{by}{at}"
    if trace.on_refs:
        yield f"{'still ' if trace.deleted_in else ''}on {listed(trace.on_refs)}"


def owner(case: Case) -> Iterator[str]:
    """That it belongs to whom the project's tables belong to; a restore as superuser leaves owners out."""
    own = case.root.existing.owner if case.root.existing else None
    if own and own == case.situation.database.history.owner and not case.situation.database.superuser:
        yield f"it belongs to {own}, as django_migrations does"
