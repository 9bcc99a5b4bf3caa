"""Write the rows that django_migrations lacks beneath recorded ones: nothing else gets past that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from simulator.findings.case import Case
from simulator.findings.never_ran import never_ran
from simulator.findings.situation import HistoryRow, Situation
from simulator.fixes.repair import repair
from simulator.fixes.route import Mend
from simulator.postgres.sql import literal

ID = "history-rows"
TITLE = "Write the missing rows of django_migrations"


def propose(case: Case) -> Mend | None:
    """Not where one of them does something besides the schema and has not run: what is recorded never runs."""
    missing = case.missing_beneath
    never = [name for name in missing if case.situation.does_more(name) and never_ran(case.situation, name)]
    written = None if never else rows_of(case.situation, missing)
    if not missing or written is None:
        return None
    return Mend(ID, TITLE, (case.root.id,), history=written, recorded=frozenset(missing))


def rows_of(situation: Situation, missing: Iterable[str]) -> tuple[str, ...] | None:
    """Statements that write their rows, after what each would have made and is not there; None where that can't be."""
    statements: list[str] = []
    for name in missing:
        effects = situation.effects.get(name)
        if effects is not None and not effects.all_there:
            found = repair(situation, name)
            if found is None:
                return None
            statements += [*found.ran, *found.altered]
        statements.append(insert_row(name))
    return tuple(statements)


def insert_row(name: str) -> str:
    values = ", ".join((*_parts(name), "now()"))
    return f'INSERT INTO "django_migrations" ("app", "name", "applied") VALUES ({values})'


def take_rows(rows: Sequence[HistoryRow]) -> str:
    names = ", ".join("({}, {})".format(*_parts(row.name)) for row in _once(rows))
    return f'DELETE FROM "django_migrations" WHERE ("app", "name") IN ({names})'


def put_back(rows: Sequence[HistoryRow]) -> str:
    """With their ids, which tell in which order they were applied."""
    numbered = all(row.id is not None for row in rows)
    columns = '"id", "app", "name", "applied"' if numbered else '"app", "name", "applied"'
    values = (
        ", ".join([*([str(row.id)] if numbered else []), *_parts(row.name), literal(row.applied)]) for row in rows
    )
    return f'INSERT INTO "django_migrations" ({columns}) VALUES ({"), (".join(values)})'


def _once(rows: Sequence[HistoryRow]) -> Sequence[HistoryRow]:
    return list({row.name: row for row in rows}.values())


def _parts(name: str) -> tuple[str, str]:
    app, _dot, migration = name.partition(".")
    return literal(app), literal(migration)
