"""Write the rows that django_migrations lacks beneath recorded ones: nothing else gets past that."""

from __future__ import annotations

from simulator.findings.case import Case
from simulator.findings.graph import ancestors
from simulator.fixes.repair import repair
from simulator.fixes.route import Mend
from simulator.model import Phase
from simulator.postgres.sql import literal

ID = "history-rows"
TITLE = "Write the missing rows of django_migrations"


def propose(case: Case) -> Mend | None:
    if case.failure.phase is not Phase.PLAN or not case.failure.exception.endswith("InconsistentMigrationHistory"):
        return None
    applied = case.situation.history.applied
    needed = {above for name in applied for above in ancestors(name, case.situation.code.files)}
    missing = [name for name in case.situation.reference.after if name in needed and name not in applied]
    statements: list[str] = []
    for name in missing:
        effects = case.situation.effects.get(name)
        if effects is not None and not effects.all_there:
            found = repair(case.situation, name)
            if found is None:
                return None
            statements += [*found.ran, *found.altered]
        statements.append(insert_row(name))
    return Mend(ID, TITLE, (case.root.id,), history=tuple(statements), recorded=frozenset(missing)) if missing else None


def insert_row(name: str) -> str:
    app, _dot, migration = name.partition(".")
    values = f"{literal(app)}, {literal(migration)}, now()"
    return f'INSERT INTO "django_migrations" ("app", "name", "applied") VALUES ({values})'
