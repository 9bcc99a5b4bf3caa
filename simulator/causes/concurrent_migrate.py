"""Another migrate did the same at the same time, or since."""

from __future__ import annotations

from simulator.causes import words
from simulator.findings.case import Case
from simulator.model import Cause
from simulator.postgres.sqlstate import UNIQUE_VIOLATION

ID = "concurrent-migrate"
TITLE = "another migrate ran at the same time"


# The catalogs' own unique indexes: two sessions make a thing of one name, and neither sees the other's yet.
CATALOG_INDEXES = ("pg_type_typname_nsp_index", "pg_class_relname_nsp_index", "pg_namespace_nspname_index")


def explain(case: Case) -> Cause | None:
    failure, name = case.failure, case.migration
    if failure.sqlstate == UNIQUE_VIOLATION and failure.constraint_name in CATALOG_INDEXES:
        said = f"{failure.constraint_name} refused it: another session was making a thing of the same name"
        return Cause(ID, TITLE, "likely", (said,))
    file = case.file
    if case.may_be_own_work and file is not None and (twice := _beneath_rows_that_stand_twice(case)):
        return Cause(ID, TITLE, "likely", (twice,))
    if not case.collides or file is None or file.replaces or name not in case.situation.recorded:
        return None
    return Cause(ID, TITLE, "likely", (f"django_migrations has a row for {name} by now",))


def _beneath_rows_that_stand_twice(case: Case) -> str | None:
    """The migration right before it was recorded by two: one of them went on, and did not come to write its row."""
    parents = case.file.parents if case.file else ()
    for rows in case.situation.database.history.twice:
        if rows[0].name in parents and case.migration not in case.situation.recorded:
            return words.recorded_twice(rows)
    return None
