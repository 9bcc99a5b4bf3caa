"""A server's version that no dump tells is called a guess, once."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from simulator.baseline.build import guessed_version
from simulator.model import Dump


def _found(*versions: str | None, script: str = "") -> Any:
    dumps = {number: Dump(Path(f"{number}.sql"), "plain", dumped_from=one) for number, one in enumerate(versions)}
    return SimpleNamespace(dumps=dumps, scripts={script: Path(script)} if script else {})


def test_where_nothing_tells_it_the_version_is_a_guess() -> None:
    (said,) = guessed_version(None, _found(None), "16.4 (Debian)")
    assert "0.sql" in said
    assert "16 is a guess" in said
    assert "by-hand.sql" in guessed_version(None, _found(script="by-hand.sql"), "16.4")[0]


def test_where_a_dump_or_the_scenario_tells_it_it_is_none() -> None:
    assert guessed_version(None, _found("15.4", None, script="a.sql"), "15.18") == ()
    assert guessed_version("15", _found(None), "15.18") == ()
    assert guessed_version(None, _found(), "16.4") == ()
