"""Which statements hold a secret, so that no fix is made of them. What may be shown at all, shown.py decides."""

from __future__ import annotations

import os
import re
from typing import Any, Container, Iterable, Mapping

HIDDEN = "…"

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


class Secrets:
    """The values that no statement of a fix may carry."""

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

    def scrub(self, text: str, names: Container[str] = ()) -> str:
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


def environment_secrets() -> Secrets:
    secrets = Secrets()
    secrets.add_environment(os.environ)
    return secrets


def _is_public(variable: str) -> bool:
    return variable in PUBLIC_VARIABLES or variable.startswith(("LC_", "PYTHON"))
