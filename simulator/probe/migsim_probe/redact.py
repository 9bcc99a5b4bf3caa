"""Keeps row data and secrets out of messages and SQL. What is not known to be a name of the code goes."""

from __future__ import annotations

import os
import re
from typing import Any, Collection, Iterable, Mapping

HIDDEN = "…"
SQL_LIMIT = 2000

# Variables of the environment whose values are no secret, or the sandbox's own.
PUBLIC_VARIABLES = frozenset(
    [
        "DJANGO_SETTINGS_MODULE",
        "DJANGO_CONFIGURATION",
        "PATH",
        "PWD",
        "OLDPWD",
        "HOME",
        "USER",
        "LOGNAME",
        "LANG",
        "LANGUAGE",
        "TZ",
        "SHELL",
        "TERM",
        "HOSTNAME",
        "SHLVL",
        "TMPDIR",
        "PGHOST",
        "PGPORT",
        "PGUSER",
        "PGDATABASE",
        "VIRTUAL_ENV",
        "_",
    ]
)
SECRET_SETTING = re.compile(r"SECRET|PASSW|TOKEN|KEY|CREDENTIAL|DSN|_URL", re.IGNORECASE)
SHORTEST_SECRET = 4
SHORTEST_VALUE = 6

URL_CREDENTIALS = re.compile(r"(\w+://)[^\s/@]*@")
PASSWORD_LITERAL = re.compile(r"(\bpassword\b\s*[=:]?\s*)'(?:[^']|'')*'", re.IGNORECASE)
PASSWORD_PARAMETER = re.compile(r"(\bpassword=)[^\s'\"]+", re.IGNORECASE)

QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "`": "`"}
WORD = re.compile(r"\w+")
CONTRACTION = re.compile(r"[A-Za-z]+n't\b")
JOINED = re.compile(r"[.,:=/()]+")
EDGE = "()[]{}<>.,:;!?'\"“”‘’`=|"
DDL = re.compile(
    r"\s*(CREATE|ALTER|DROP|COMMENT|TRUNCATE|SET|GRANT|REVOKE|LOCK|REINDEX|REFRESH|ANALYZE)\b", re.IGNORECASE
)
LITERAL = re.compile(
    r"""(?P<name>"(?:[^"]|"")*")|(?P<value>[A-Za-z&]{0,2}'(?:[^'\\]|\\.|'')*'|(\$\w*\$).*?\3|(?<![\w$%])\d[\d.eE]*\b)""",
    re.DOTALL,
)

# Words of CPython's and Django's own messages that stand in quotes there and are nobody's data.
TYPES = frozenset(
    [
        "NoneType",
        "int",
        "str",
        "float",
        "bool",
        "bytes",
        "dict",
        "list",
        "tuple",
        "set",
        "object",
        "function",
        "atomic",
        "Decimal",
        "datetime",
    ]
)


class Secrets:
    """The values that no line of output may carry."""

    def __init__(self) -> None:
        self._values: set[str] = set()

    def add(self, values: Iterable[Any], shortest: int = SHORTEST_SECRET) -> None:
        self._values.update(str(value) for value in values if value and len(str(value)) >= shortest)

    def add_environment(self, environment: Mapping[str, str]) -> None:
        hidden = {name: value for name, value in environment.items() if not _is_public(name)}
        self.add(hidden.values(), SHORTEST_VALUE)
        self.add([value for name, value in hidden.items() if SECRET_SETTING.search(name)])

    def add_settings(self, settings: Mapping[str, Any]) -> None:
        """Strings of settings with a telling name, and every PASSWORD inside a setting."""
        for name, value in settings.items():
            self._add_setting(str(name), value)

    def scrub(self, text: str, names: Collection[str] = ()) -> str:
        """The text without them; a value that is also a name of the project's (APP=shop) is no secret."""
        for value in sorted(self._values, key=len, reverse=True):
            if value not in names:
                text = text.replace(value, HIDDEN)
        text = URL_CREDENTIALS.sub(r"\1" + HIDDEN + "@", text)
        text = PASSWORD_LITERAL.sub(r"\1'" + HIDDEN + "'", text)
        return PASSWORD_PARAMETER.sub(r"\1" + HIDDEN, text)

    def _add_setting(self, name: str, value: Any) -> None:
        if isinstance(value, dict):
            self.add_settings(value)
        elif isinstance(value, (list, tuple)):
            for item in value:
                self._add_setting(name, item)
        elif isinstance(value, str) and SECRET_SETTING.search(name):
            self.add([value], SHORTEST_VALUE if "PASS" not in name.upper() else SHORTEST_SECRET)


def keep_known_quotes(text: str, known: Collection[str]) -> str:
    """Quoted parts stay only where they are known names.

    From the first that isn't, all goes up to the last mark of its kind: a value may hold quote marks itself, and the
    end of the line may have been cut inside one.
    """
    position = 0
    while True:
        opening = _next_quote(text, position)
        if opening is None:
            return text
        closing = _closing_quote(text, opening)
        if closing is None:
            return text[:opening] + HIDDEN
        if not _is_known(text[opening + 1 : closing], known):
            return text[:opening] + HIDDEN + text[text.rfind(QUOTES[text[opening]]) + 1 :]
        position = closing + 1


def keep_known_words(text: str, known: Collection[str]) -> str:
    """Words stay only where they are known; a run of others becomes one mark."""
    kept = []
    for token in text.split():
        core = token.strip(EDGE)
        if not core or _is_known(core, known):
            kept.append(token)
        elif not kept or HIDDEN not in kept[-1]:
            kept.append(token.replace(core, HIDDEN))
    return " ".join(kept)


def class_22(text: str, known: Collection[str]) -> str:
    """Messages of data exceptions: a value stands in quotes, or after the last colon."""
    head, colon, _value = text.partition(": ")
    return keep_known_quotes(head, known) + (colon + HIDDEN if colon else "")


def sql_text(sql: str, is_code: bool) -> str:
    """The statement, cut. Literals of what isn't DDL may be rows, unless the statement stands in the migration."""
    if not is_code and not DDL.match(sql):
        sql = LITERAL.sub(lambda match: match.group("name") or "'" + HIDDEN + "'", sql)
    return sql.strip()[:SQL_LIMIT]


def words(text: str) -> frozenset[str]:
    """Every word, dotted name and contraction (doesn't) that stands in a source text."""
    return frozenset(WORD.findall(text)) | frozenset(re.findall(r"[\w.]+", text)) | frozenset(CONTRACTION.findall(text))


def constants(code: Any) -> frozenset[str]:
    """The words of the strings in a function's own code: what its messages are made of."""
    return words(" ".join(constant for constant in code.co_consts if isinstance(constant, str)))


def environment_secrets() -> Secrets:
    secrets = Secrets()
    secrets.add_environment(os.environ)
    return secrets


def _is_public(variable: str) -> bool:
    return variable in PUBLIC_VARIABLES or variable.startswith(("LC_", "PYTHON"))


def _is_known(text: str, known: Collection[str]) -> bool:
    """A name, or names that a dot or the like joins: never parts of ``jane@example.org`` that happen to be known."""
    return text in known or all(part in known for part in JOINED.split(text))


def _next_quote(text: str, start: int) -> int | None:
    """Where the next quoted part opens; an apostrophe inside a word opens none."""
    for position in range(start, len(text)):
        if text[position] in QUOTES and not (text[position] == "'" and position and text[position - 1].isalnum()):
            return position
    return None


def _closing_quote(text: str, opening: int) -> int | None:
    mark = QUOTES[text[opening]]
    for position in range(opening + 1, len(text)):
        if text[position] == mark and not (position + 1 < len(text) and text[position + 1].isalnum()):
            return position
    return None
