"""What an operation does besides the schema, asked of Django's own operations and of a project's."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import models
from django.db.migrations import AddField, RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from migsim_probe import files

ADD = AddField("post", "slug", models.CharField(max_length=5))


class Own(RunPython):
    """A project's own operation, whose code is nothing we know."""


class OwnOperation(Operation):
    pass


def does_it(*_arguments: object) -> None:
    pass


@pytest.mark.parametrize(
    ("operation", "runs_code", "sql"),
    [
        (ADD, False, None),
        (RunPython(does_it), True, None),
        (RunPython(RunPython.noop), False, None),
        (RunPython(RunPython.noop, does_it), False, None),
        (Own(RunPython.noop), True, None),
        (OwnOperation(), True, None),
        (RunSQL(RunSQL.noop), False, []),
        (RunSQL("-- nothing\n/* at\nall */ ; "), False, []),
        (RunSQL([]), False, []),
        (RunSQL("", state_operations=[ADD]), False, []),
        (RunSQL("SELECT 1; -- one\nSELECT ';'"), True, ["SELECT 1;", "SELECT ';'"]),
        (RunSQL(["SELECT 1", ("SELECT 2", None)]), True, ["SELECT 1", "SELECT 2"]),
        (RunSQL([("SELECT %s", [1])]), True, None),
        (SeparateDatabaseAndState(state_operations=[RunPython(does_it)]), False, []),
        (SeparateDatabaseAndState([ADD, RunSQL("SELECT 1")]), True, ["SELECT 1"]),
        (SeparateDatabaseAndState([RunSQL("SELECT 1"), RunPython(does_it)]), True, None),
        (SeparateDatabaseAndState([SeparateDatabaseAndState([RunPython(does_it)])]), True, None),
    ],
)
def test_what_it_does_besides_the_schema(operation: Any, runs_code: bool, sql: list[str] | None) -> None:
    told = files._operation(operation, "blog", None)
    assert (told["runs_code"], told["sql"]) == (runs_code, sql)
