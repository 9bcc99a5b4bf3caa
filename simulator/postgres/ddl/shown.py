"""Which fact of a catalog one statement of DDL makes, changes or removes.

Only statements whose whole effect is that fact and what belongs to it: one that also changes rows (``CREATE TABLE AS``,
a new column's DEFAULT, a USING), or changes what no fact shows (privileges, comments, settings, owners), is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from simulator.dumps.statements import unquote
from simulator.model import Fact

_WORD = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_NAME = rf"(?:(?P<schema>{_WORD})\s*\.\s*)?(?P<name>{_WORD})"
_TABLE = rf"(?:(?P<schema>{_WORD})\s*\.\s*)?(?P<table>{_WORD})"
_IF = r"(?:IF\s+(?:NOT\s+)?EXISTS\s+)?"
_ALTER = rf"ALTER\s+TABLE\s+{_IF}(?:ONLY\s+)?{_TABLE}\s+"

# Kinds of facts that the statement may be about, and its form.
_FORMS = tuple(
    (kinds, re.compile(pattern, re.IGNORECASE))
    for kinds, pattern in (
        (
            ("index",),
            rf"CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:CONCURRENTLY\s+)?{_IF}(?P<name>{_WORD})\s+ON\s+(?:ONLY\s+)?{_TABLE}",
        ),
        (("relation",), rf"CREATE\s+(?:UNLOGGED\s+)?TABLE\s+{_IF}{_NAME}\s*\("),
        (("relation",), rf"CREATE\s+(?:OR\s+REPLACE\s+)?(?:RECURSIVE\s+)?VIEW\s+{_NAME}"),
        (("relation",), rf"CREATE\s+SEQUENCE\s+{_IF}{_NAME}"),
        (("type", "relation"), rf"CREATE\s+(?:TYPE|DOMAIN)\s+{_NAME}"),
        (("type",), rf"ALTER\s+TYPE\s+{_NAME}\s+ADD\s+VALUE\b"),
        (("function",), rf"CREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE|AGGREGATE)\s+{_NAME}\s*\("),
        (
            ("trigger",),
            rf"CREATE\s+(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+)?TRIGGER\s+(?P<name>{_WORD})\s[^;]*?\sON\s+{_TABLE}",
        ),
        (("policy",), rf"CREATE\s+POLICY\s+(?P<name>{_WORD})\s+ON\s+{_TABLE}"),
        (("extension",), rf"CREATE\s+EXTENSION\s+{_IF}(?P<name>{_WORD})"),
        (("schema",), rf"CREATE\s+SCHEMA\s+{_IF}(?P<name>{_WORD})\s*$"),
        (("relation",), rf"DROP\s+(?:TABLE|VIEW|SEQUENCE)\s+{_IF}{_NAME}\s*(?:CASCADE|RESTRICT)?\s*$"),
        (("index",), rf"DROP\s+INDEX\s+(?:CONCURRENTLY\s+)?{_IF}{_NAME}\s*(?:CASCADE|RESTRICT)?\s*$"),
        (("trigger", "policy"), rf"DROP\s+(?:TRIGGER|POLICY)\s+{_IF}(?P<name>{_WORD})\s+ON\s+{_TABLE}"),
        (("constraint",), rf"{_ALTER}(?:ADD|VALIDATE|DROP)\s+CONSTRAINT\s+{_IF}(?P<name>{_WORD})"),
        (("column",), rf"{_ALTER}(?:ADD|DROP)\s+(?:COLUMN\s+)?{_IF}(?P<name>{_WORD})"),
        (
            ("column",),
            rf"{_ALTER}ALTER\s+(?:COLUMN\s+)?(?P<name>{_WORD})\s+"
            r"(?:(?:SET|DROP)\s+(?:NOT\s+NULL|DEFAULT)\b|(?:SET\s+DATA\s+)?TYPE\b)",
        ),
    )
)
_ROWS_TOO = (
    re.compile(r"CREATE\s[^;]*?\bTABLE\b.*\bAS\s*(?:\(|SELECT\b|WITH\b|TABLE\b|VALUES\b|EXECUTE\b)", re.I | re.S),
    re.compile(rf"{_ALTER}ADD\s+(?!CONSTRAINT\b).*\bDEFAULT\b", re.I | re.S),
    re.compile(rf"{_ALTER}ALTER\b.*\bUSING\b", re.I | re.S),
)
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_IN_PARENTHESES = re.compile(r"\([^()]*\)")


def is_shown(statement: str, facts: Iterable[Fact]) -> bool:
    """Whether all that the statement does is among these facts, which a migration makes or removes."""
    text = statement.strip().rstrip(";").strip()
    if any(form.match(text) for form in _ROWS_TOO) or _has_several_parts(text):
        return False
    for kinds, form in _FORMS:
        if match := form.match(text):
            return any(fact.kind in kinds and _is_of(match, fact) for fact in facts)
    return False


def _has_several_parts(text: str) -> bool:
    """Whether an ALTER TABLE or a DROP names more than one thing."""
    if not re.match(r"(?:ALTER|DROP)\b", text, re.IGNORECASE):
        return False
    bare = _QUOTED.sub("x", text)
    while bare != (bare := _IN_PARENTHESES.sub("", bare)):
        pass
    return "," in bare


def _is_of(match: re.Match[str], fact: Fact) -> bool:
    found = {key: unquote(value) for key, value in match.groupdict().items() if value}
    own = fact.name or fact.relation or fact.schema
    if fact.kind == "function":
        own = own.partition("(")[0].strip('"')
    same_table = found.get("table") is None or fact.relation == found["table"]
    same_schema = found.get("schema") is None or fact.schema == found["schema"]
    return own == found["name"] and same_table and same_schema
