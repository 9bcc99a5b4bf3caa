"""The statement that takes another one back, where one statement does and no row of before is lost by either."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_WORD = r'(?:"(?:[^"]|"")*"|[A-Za-z_]\w*)'
_NAME = rf"(?:{_WORD}\.)?{_WORD}"
_TABLE = rf"ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<table>{_NAME})"
# A second action of the same ALTER TABLE would have to be taken back, too.
_ANOTHER = re.compile(r",\s*(?:ADD|ALTER|DROP|RENAME|VALIDATE|SET|OWNER|ENABLE|DISABLE)\b", re.IGNORECASE)
# Whatever looks like such an action, or like nothing at all, in a constant or a comment.
_LEXEMES = re.compile(r"""'(?:[^']|'')*'|(\$\w*\$).*?\1|--[^\n]*|/\*.*?\*/""", re.DOTALL)

_RULES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (
        rf"CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?P<how>CONCURRENTLY\s+)?(?!IF\b)(?P<name>{_WORD})\s+ON\s+(?:ONLY\s+)?"
        rf"(?P<schema>{_WORD}\.)?{_WORD}[\s(]",
        lambda m: f"DROP INDEX {'CONCURRENTLY ' if m['how'] else ''}{m['schema'] or ''}{m['name']}",
    ),
    (
        rf"CREATE\s+(?P<kind>TABLE|SEQUENCE|VIEW|MATERIALIZED\s+VIEW)\s+(?!IF\b)(?P<name>{_NAME})[\s(]",
        lambda m: f"DROP {' '.join(m['kind'].upper().split())} {m['name']}",
    ),
    (
        rf"{_TABLE}\s+ADD\s+CONSTRAINT\s+(?P<name>{_WORD})\s",
        lambda m: f"ALTER TABLE {m['table']} DROP CONSTRAINT {m['name']}",
    ),
    (
        rf"{_TABLE}\s+ADD\s+(?:COLUMN\s+)?(?!(?:CONSTRAINT|PRIMARY|UNIQUE|CHECK|FOREIGN|EXCLUDE|COLUMN|IF)\b)"
        rf"(?P<name>{_WORD})\s",
        lambda m: f"ALTER TABLE {m['table']} DROP COLUMN {m['name']}",
    ),
    (
        rf"ALTER\s+(?P<kind>TABLE|INDEX|SEQUENCE|VIEW)\s+(?P<schema>{_WORD}\.)?(?P<old>{_WORD})\s+RENAME\s+TO\s+(?P<new>{_WORD})\s*$",
        lambda m: f"ALTER {m['kind'].upper()} {m['schema'] or ''}{m['new']} RENAME TO {m['old']}",
    ),
    (
        rf"{_TABLE}\s+RENAME\s+(?P<what>CONSTRAINT\s+|COLUMN\s+)?(?!TO\b)(?P<old>{_WORD})\s+TO\s+(?P<new>{_WORD})\s*$",
        lambda m: f"ALTER TABLE {m['table']} RENAME {m['what'] or ''}{m['new']} TO {m['old']}",
    ),
    (
        rf"{_TABLE}\s+ALTER\s+(?:COLUMN\s+)?(?P<name>{_WORD})\s+(?P<how>SET|DROP)\s+NOT\s+NULL\s*$",
        lambda m: (
            f"ALTER TABLE {m['table']} ALTER COLUMN {m['name']} "
            f"{'DROP' if m['how'].upper() == 'SET' else 'SET'} NOT NULL"
        ),
    ),
)
_COMPILED = tuple((re.compile(rf"\s*{rule}", re.IGNORECASE | re.DOTALL), back) for rule, back in _RULES)


def way_back(statement: str) -> str | None:
    """What takes back a statement that has just been run; None: no single statement does, or it is not known.

    What was written since to a column or table that it has made goes with it.
    """
    text = statement.strip().rstrip(";")
    bare = _LEXEMES.sub("''", text)
    if ";" in bare or _ANOTHER.search(bare):
        return None
    return next((back(found) for rule, back in _COMPILED if (found := rule.match(text + " "))), None)


def ways_back(statements: Sequence[str]) -> tuple[str, ...] | None:
    """What takes all of them back, the last first; None where that is not known of one."""
    found = [way_back(one) for one in reversed(statements)]
    return None if None in found else tuple(one for one in found if one)
