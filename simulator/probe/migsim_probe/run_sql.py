"""What stands in a RunSQL, and whether that or a RunPython does anything."""

from __future__ import annotations

import re
from typing import Any

_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def does_nothing(operation: Any) -> bool:
    """Whether a RunPython or RunSQL is a noop: Django's own, or SQL without a statement."""
    if type(operation).__name__ == "RunPython":
        return bool(operation.code == type(operation).noop)
    texts = texts_of(operation)
    return texts is not None and not any(_COMMENTS.sub("", text).strip(" \t\r\n;") for text in texts)


def texts_of(operation: Any) -> list[str] | None:
    """The texts of a RunSQL, each of one or more statements; None where one has parameters."""
    sql = operation.sql
    found = []
    for each in sql if isinstance(sql, (list, tuple)) else [sql]:
        text, parameters = each if isinstance(each, (list, tuple)) else (each, None)
        if parameters or not isinstance(text, str):
            return None
        found.append(text)
    return found


def split(text: str) -> list[str]:
    """The statements of a text without their comments; sqlparse comes with every Django."""
    import sqlparse

    return [each for each in sqlparse.split(sqlparse.format(text, strip_comments=True)) if each.strip(" \t\r\n;")]
