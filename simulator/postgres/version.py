"""Versions of PostgreSQL and Django as they print themselves."""

from __future__ import annotations

import re


def major(version: str | None) -> int | None:
    """15 of "15.4", 9 of "9.6", 18 of "18beta1"; None where no number begins it."""
    match = re.match(r"\d+", version or "")
    return int(match[0]) if match else None
