"""Lengths of time as a scenario writes them: ``90s``, ``30m``, ``26h``, ``2d``, ``1h30m``."""

from __future__ import annotations

import re

_PART = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(text: str) -> float:
    """The length in seconds. Raises ValueError with a sentence when ``text`` is no length of time, or none at all."""
    compact = text.replace(" ", "")
    parts = _PART.findall(compact)
    if not parts or "".join(number + unit for number, unit in parts) != compact:
        raise ValueError("must be a length of time such as 90s, 30m, 26h or 2d")
    total = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if total <= 0:
        raise ValueError("must be longer than nothing")
    return total
