"""Projects whose migrate goes through several schemas, one for each tenant: django-tenants and its like.

Their backend keeps the schema that it works in on the connection (``schema_name``, ``set_schema``).
"""

from __future__ import annotations

import contextlib
from typing import Any


def working_schema(alias: str) -> str | None:
    """Where the connection works now; None where the backend knows of no such thing."""
    with contextlib.suppress(Exception):
        wrapper = _wrapper(alias)
        name = getattr(wrapper, "schema_name", None)
        return name if wrapper is not None and isinstance(name, str) else None
    return None


def enter(alias: str, schema: str | None) -> None:
    """Have the connection work in that schema, until it is forgotten; where none is named it stays as it is."""
    if schema:
        _wrapper(alias).set_schema(schema)


def schemas(alias: str) -> list[str] | None:
    """Those that the project's own table of tenants names, there or not; None where it has no such table."""
    with contextlib.suppress(Exception):
        if _wrapper(alias) is not None:
            return sorted(_tenant_model().objects.using(alias).values_list("schema_name", flat=True))
    return None


def standing(alias: str) -> list[str] | None:
    """Of those the ones that are there; None where there is no such table, or none of them is."""
    from django.db import connections

    named = schemas(alias)
    if not named:
        return None
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace")
        there = {name for (name,) in cursor.fetchall()}
    return [name for name in named if name in there] or None


def _wrapper(alias: str) -> Any:
    from django.db import connections

    wrapper = connections[alias]
    return wrapper if callable(getattr(wrapper, "set_schema", None)) else None


def _tenant_model() -> Any:
    from django.apps import apps
    from django.conf import settings

    return apps.get_model(settings.TENANT_MODEL)
