"""The catalog after each migration, told as what changed, over a connection that the project knows nothing of."""

from __future__ import annotations

import contextlib
from typing import Any, Callable


class Snapshots:
    """``query`` gives rows of kind, schema, relation, name, definition; ``settings`` are those of its session."""

    def __init__(self, alias: str, query: str, settings: dict[str, str], report: Callable[..., None]) -> None:
        self._alias = alias
        self._query = query
        self._settings = settings
        self._report = report
        self._raw: Any = None
        self._known: set[Any] = set()

    def take(self, migration: str | None) -> None:
        """Report what changed since the last time. None: before the first migration; "": after the command's end."""
        found = self._read()
        added, removed = found - self._known, self._known - found
        self._known = found
        if added or removed or migration:
            self._report("delta", migration=migration, added=sorted(added), removed=sorted(removed))

    def close(self) -> None:
        if self._raw is not None:
            with contextlib.suppress(Exception):
                self._raw.close()
            self._raw = None

    def _read(self) -> set[Any]:
        if self._raw is None:
            self._raw = connect(self._alias)
            with self._raw.cursor() as cursor:
                for name, value in self._settings.items():
                    cursor.execute("SELECT set_config(%s, %s, false)", [name, value])
        with self._raw.cursor() as cursor:
            cursor.execute(self._query)
            return {(kind, schema, relation, name, tuple(texts)) for kind, schema, relation, name, texts in cursor}


def connect(alias: str) -> Any:
    """A driver's connection to that database, each statement a transaction: no receiver of Django's hears of it."""
    from django.db import connections

    wrapper = connections[alias]
    raw = wrapper.get_new_connection(wrapper.get_connection_params())
    raw.autocommit = True
    return raw
