"""Record a migration whose code meets the rows that it wrote when it ran."""

from __future__ import annotations

from simulator.findings import data_migrations
from simulator.findings.case import Case
from simulator.fixes.route import Mend

ID = "record-code"
TITLE = "Record the migration whose code has run"


def propose(case: Case) -> Mend | None:
    """Only where the history vouches for it: code that is recorded never runs."""
    name = case.failure.migration
    if name is None or not data_migrations.has_run(case):
        return None
    note = f"the code of {name} is taken as done: what it writes is there, and the history has lost its row"
    return Mend(ID, TITLE, (case.root.id,), fake=frozenset({name}), note=note)
