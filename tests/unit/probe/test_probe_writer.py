"""The file of events, whatever the project's code does around it."""

from __future__ import annotations

import json
import os
from pathlib import Path

from migsim_probe.writer import Writer


def test_a_forked_child_reports_attempts_and_nothing_else(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path / "trace"))
    child = os.fork()
    if child == 0:
        writer.event("attempt", kind="tcp", address="db:5432")
        writer.event("end")
        os._exit(0)
    os.waitpid(child, 0)
    lines = [json.loads(line) for line in (tmp_path / "trace").read_text().splitlines()]
    assert lines == [{"v": 1, "event": "attempt", "kind": "tcp", "address": "db:5432"}]


def test_after_a_lost_line_none_follows(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    writer = Writer(str(folder / "trace"))
    writer.event("settings", module="lost")
    folder.mkdir()
    writer.event("end")
    assert list(folder.iterdir()) == []
