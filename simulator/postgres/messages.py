"""What may be shown of what the server says: known names in known forms, as of the project's own errors.

The rule stands with the probe, which can import nothing of ours; its pure part is used from there.
"""

from __future__ import annotations

from collections.abc import Container
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the same files, which a type checker knows by one name only
    from migsim_probe import name_queries, shown
else:
    from simulator.probe.migsim_probe import name_queries, shown

CATALOG, LANGUAGE = name_queries.CATALOG, name_queries.LANGUAGE
identifiers = shown.identifiers
_LISTS = Path(__file__).resolve().parents[1] / "probe" / "migsim_probe"


def message(text: str, names: Container[str]) -> str:
    """The first line: a known form's words and, of what fills it, known names."""
    return shown.message(text, _forms(), names, words())


def statement(sql: str, names: Container[str]) -> str:
    """Names and the language's words, at most 2,000 characters; no literal and no number but a type's own."""
    return shown.statement(sql, names, words(), sizes=True)


@cache
def words() -> frozenset[str]:
    """SQL's commonest words."""
    return frozenset((_LISTS / "sql_words.txt").read_text().split())


@cache
def _forms() -> tuple[shown.Form, ...]:
    return shown.forms_of((_LISTS / "server_forms.txt").read_text().splitlines())
