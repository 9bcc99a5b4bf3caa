"""What is said while something goes on: nothing, lines, or lines with their time."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import Any

import pytest

from simulator.host.progress import Progress
from simulator.host.terminal import printer


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({}, "restoring prod.dump\ninstalling r.txt\n"),
        ({"quiet": True}, ""),
        ({"verbose": True}, r" +\d\.\d s  restoring prod\.dump\n +\d\.\d s  installing r\.txt\n"),
    ],
)
def test_lines_of_a_log(how: dict[str, Any], said: str) -> None:
    file = io.StringIO()
    progress = replace(Progress(printer(file=file)), **how)
    with progress.stage("restore", "restoring prod.dump"):
        progress.part(1, 2, "tables")  # on a terminal only
        progress.say("installing r.txt")
    assert re.fullmatch(said, file.getvalue())
    assert list(progress.timings) == ["restore"]
