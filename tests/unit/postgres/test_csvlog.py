"""The server's csvlog, as it is while the server writes to it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from simulator.engines.embedded import server
from simulator.engines.embedded.cluster import Folders
from simulator.postgres import csvlog


@pytest.fixture(autouse=True)
def _python_as_it_starts() -> None:
    """The limit is the process's: another test may have lifted it."""
    csv.field_size_limit(131072)


def line(*, user: str = "", severity: str = "LOG", message: str = "", statement: str = "") -> str:
    facts = {csvlog.USER: user, csvlog.SEVERITY: severity, csvlog.MESSAGE: message, csvlog.STATEMENT: statement}
    return ",".join(f'"{facts.get(column, "")}"' for column in range(26)) + "\n"


def test_a_row_that_is_not_whole_yet_is_left_out() -> None:
    rows = list(csvlog.rows(line(message="one\ntwo") + '"2026-11-23 04:00:00 UTC",cut'))
    assert [row[csvlog.MESSAGE] for row in rows] == ["one\ntwo"]


def test_the_last_words_come_after_a_statement_of_any_length(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    folders.log.mkdir()
    long = line(user="shop_app", severity="ERROR", message="of a session", statement="x" * 200_000)
    (folders.log / "server.csv").write_text(long + line(severity="PANIC", message="no space left"))
    assert server.last_words(folders) == "PANIC: no space left"
