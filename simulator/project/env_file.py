"""Reads ``.env`` files by Compose's rules. No message of it ever shows a value.

Understood: ``NAME=value`` and ``NAME: value``, ``export`` before it, comments (inline ones after a blank), single
quotes (literal), double quotes (escapes, several lines), and ``$NAME``, ``${NAME}``, ``${NAME:-default}``,
``${NAME-default}`` outside single quotes. A name alone passes through.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_NOTHING = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_NAME = re.compile(r"[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][\w.-]*)[ \t]*(?P<sign>[=:]?)[ \t]*")
_QUOTED = re.compile(r"""'(?P<literal>(?:[^'\\]|\\.)*)'|"(?P<quoted>(?:[^"\\]|\\.)*)\"""", re.DOTALL)
_BARE = re.compile(r"(?P<bare>[^\n]*?)[ \t]*(?:(?<=[ \t])#[^\n]*)?(?:\n|\Z)")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_REFERENCE = re.compile(
    r"(?P<escaped>\\\$|\$\$)|\$(?:(?P<plain>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?:(?P<how>:?-)(?P<default>[^}]*))?\})"
)


class EnvFileError(Exception):
    """A line that can't be read. ``line`` counts from 1."""

    def __init__(self, line: int, words: str) -> None:
        super().__init__(f"line {line}: {words}")
        self.line = line
        self.words = words


def parse(text: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that the file sets, in order. ``environ`` is where names that it does not set come from."""
    text = text.replace("\r\n", "\n").removeprefix("\ufeff")
    values: dict[str, str] = {}
    position = 0
    while position < len(text):
        if nothing := _NOTHING.match(text, position):
            position = nothing.end()
            continue
        name = _NAME.match(text, position)
        if name is None:
            raise EnvFileError(text.count("\n", 0, position) + 1, "must be NAME=value")
        value, position = _value(text, name.end(), {**values, **environ})
        if name["sign"]:
            values[name["name"]] = value
        elif value:
            raise EnvFileError(text.count("\n", 0, name.start()) + 1, "must be NAME=value")
        elif name["name"] in environ:
            values[name["name"]] = environ[name["name"]]
    return values


def _value(text: str, start: int, known: Mapping[str, str]) -> tuple[str, int]:
    """The value that starts there, and where the next line does."""
    quoted = _QUOTED.match(text, start)
    if quoted is None:
        if text[start : start + 1] in ("'", '"'):
            raise EnvFileError(text.count("\n", 0, start) + 1, "has an open quote")
        bare = _BARE.match(text, start)
        assert bare is not None  # the pattern matches anything, nothing included
        return _resolved(bare["bare"], known), bare.end()
    rest = _NOTHING.match(text, quoted.end())
    if rest is None:
        raise EnvFileError(text.count("\n", 0, quoted.end()) + 1, "goes on after its closing quote")
    if quoted["literal"] is not None:
        return quoted["literal"].replace("\\'", "'"), rest.end()
    return _unescaped(_resolved(quoted["quoted"], known)), rest.end()


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text)


def _resolved(text: str, known: Mapping[str, str]) -> str:
    def replacement(found: re.Match[str]) -> str:
        if found["escaped"]:
            return "$"
        value = known.get(found["plain"] or found["name"])
        if value is None or (not value and found["how"] == ":-"):
            return found["default"] or ""
        return value

    return _REFERENCE.sub(replacement, text)
