"""Which Python, Django and driver the project runs with."""

from __future__ import annotations

import platform


def found() -> dict[str, str]:
    import django

    seen = {"python": platform.python_version(), "django": django.get_version()}
    driver = _driver()
    return dict(seen, driver=driver) if driver else seen


def _driver() -> str | None:
    """The driver that this Django would take: psycopg 3 where it knows it and it is there, else psycopg2."""
    import django

    names = ("psycopg", "psycopg2") if django.VERSION >= (4, 2) else ("psycopg2",)
    for name in names:
        try:
            return f"{name} {__import__(name).__version__.split()[0]}"
        except Exception:
            continue
    return None


def minimum_of_database(alias: str) -> str | None:
    from django.db import connections

    minimum = getattr(connections[alias].features, "minimum_database_version", None)
    return ".".join(map(str, minimum)) if minimum else None
