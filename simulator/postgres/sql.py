"""Values and names as SQL text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_ALONE = re.compile(r"\s*(?:CREATE|DROP|REINDEX)\b[^;'\"]*\bCONCURRENTLY\b", re.IGNORECASE)


def literal(text: str) -> str:
    """A string constant (PostgreSQL manual, section 4.1.2.1; with standard_conforming_strings, the default)."""
    return "'" + text.replace("'", "''") + "'"


def runs_alone(statement: str) -> bool:
    """Whether PostgreSQL refuses it in a transaction, and so beside other statements, too: CONCURRENTLY."""
    return _ALONE.match(statement) is not None


def scripts(statements: Iterable[str]) -> Iterator[str]:
    """Statements put together to as few scripts as can be run each at once, in their order."""
    together: list[str] = []
    for statement in statements:
        if runs_alone(statement):
            if together:
                yield ";\n".join(together)
            together = []
            yield statement
        else:
            together.append(statement)
    if together:
        yield ";\n".join(together)
