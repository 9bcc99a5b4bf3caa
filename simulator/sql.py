"""Values and names as SQL text. Pure."""

from __future__ import annotations


def literal(text: str) -> str:
    """A string constant (PostgreSQL manual, section 4.1.2.1; with standard_conforming_strings, the default)."""
    return "'" + text.replace("'", "''") + "'"
