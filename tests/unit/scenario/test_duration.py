"""Lengths of time in a scenario."""

from __future__ import annotations

import pytest

from simulator.scenario.duration import seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90s", 90), ("30m", 1800), ("26h", 93600), ("2d", 172800), ("1h30m", 5400), ("1.5h", 5400), ("1h 5s", 3605)],
)
def test_a_length_in_seconds(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "30", "m", "30 minutes", "-5m", "5m!", "0s", "5M"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        seconds(text)
