"""PostgreSQL's csvlog (manual, section 20.8.4), whose columns kept their order in every version from 9.0 on."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator

# Columns, counted from 0. The server's own processes have no user.
USER, DATABASE, SEVERITY, SQLSTATE, MESSAGE, STATEMENT, APPLICATION = 1, 2, 11, 12, 13, 19, 22


def rows(text: str) -> Iterator[list[str]]:
    """The rows as far as all those columns; the last one is left out while it is not whole yet."""
    csv.field_size_limit(sys.maxsize)  # a statement can be longer than the csv module's own limit
    return (row for row in csv.reader(io.StringIO(text, newline="")) if len(row) > APPLICATION)
