"""Numbers, times and statements as people read them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Milliseconds below a second, else seconds, else minutes."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th ..."""
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{({1: 'st', 2: 'nd', 3: 'rd'}).get(number % 10, 'th')}"


def shorten(sql: str, limit: int = 160) -> str:
    """One line of SQL, cut where a terminal would wrap it twice."""
    line = " ".join(sql.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def counted(number: int, thing: str) -> str:
    """1 row, 2 rows, 4,212 rows."""
    return f"{number:,} {thing}{'s' * (number != 1)}"
