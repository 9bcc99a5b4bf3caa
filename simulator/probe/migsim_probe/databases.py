"""DATABASES: what the project says of it, and the sandbox's values put in its place."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Mapping, MutableMapping

DUMMY = "django.db.backends.dummy"
PLACE = ("HOST", "PORT", "NAME", "USER", "PASSWORD")

# libpq parameters and driver options that say where to connect, as whom, or how to prove it. The sandbox's answer to
# all of that is in PLACE; what else OPTIONS holds (search_path, isolation_level ...) is the project's behaviour.
ELSEWHERE = frozenset(
    [
        "service",
        "servicefile",
        "passfile",
        "host",
        "hostaddr",
        "port",
        "user",
        "password",
        "dbname",
        "database",
        "dsn",
        "target_session_attrs",
        "channel_binding",
        "require_auth",
        "requirepeer",
        "load_balance_hosts",
        "pool",
        "assume_role",
        "use_iam_auth",
    ]
)
# The same as variables of the environment. libpq takes them where a connection does not say otherwise, so an address
# in one of them would win over the sandbox's host.
ELSEWHERE_VARIABLES = (
    "PGHOSTADDR",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGSYSCONFDIR",
    "PGPASSFILE",
    "PGTARGETSESSIONATTRS",
    "PGLOADBALANCEHOSTS",
    "PGCHANNELBINDING",
    "PGREQUIREAUTH",
    "PGREQUIREPEER",
    "PGREQUIRESSL",
    "PGSSLMODE",
    "PGSSLNEGOTIATION",
    "PGGSSENCMODE",
)
ELSEWHERE_PREFIXES = ("ssl", "gss", "krb")


def sharing(databases: Mapping[str, Mapping[str, Any]], first: str) -> dict[str, str | None]:
    """Alias → the one whose database it shares, or None. ``first`` has its own, and others share with it."""
    owners: dict[tuple[str, ...], str] = {}
    shared: dict[str, str | None] = {}
    for name in sorted(databases, key=lambda alias: (alias != first, alias != "default")):
        entry = databases[name]
        owner = owners.setdefault(_identity(name, entry), name)
        mirror = (entry.get("TEST") or {}).get("MIRROR")
        shared[name] = mirror or (owner if owner != name else None)
    return shared


def read_aliases(databases: Mapping[str, Mapping[str, Any]], first: str) -> list[dict[str, Any]]:
    """What the request's sender has to know of each alias to make databases for them."""
    rows = []
    for name, same_as in sharing(databases, first).items():
        engine = databases[name].get("ENGINE") or DUMMY
        vendor = _vendor(engine)
        same_as = same_as if vendor == "postgresql" else None
        user = _user(databases[name]) if vendor == "postgresql" else None
        rows.append({"name": name, "engine": engine, "vendor": vendor, "same_as": same_as, "user": user})
    return rows


def _user(entry: Mapping[str, Any]) -> str | None:
    """Whom the project acts as: a role that it assumes (Django 4.2) owns what it makes."""
    return str((entry.get("OPTIONS") or {}).get("assume_role") or entry.get("USER") or "") or None


def override(databases: Any, given: Mapping[str, Mapping[str, Any]], first: str) -> None:
    """Change DATABASES in place, so that whoever holds it sees the sandbox's."""
    shared = sharing(databases, first)
    for name in list(databases):
        place = _place(name, given, shared)
        databases[name] = _moved(databases[name], place) if place else {"ENGINE": DUMMY}


def take(settings: Any, given: Mapping[str, Mapping[str, Any]] | None, first: str) -> None:
    """Put the sandbox's values in the place of the project's in its loaded settings. None: leave them."""
    forget_variables(os.environ)
    if given is not None:
        held = settings.DATABASES if isinstance(settings.DATABASES, dict) else dict(settings.DATABASES)
        override(held, given, first)
        settings.DATABASES = held
        forget_settings()


def forget_variables(environ: MutableMapping[str, str]) -> None:
    """Once the settings have read them, they are of no use but to lead elsewhere."""
    for name in ELSEWHERE_VARIABLES:
        environ.pop(name, None)


def forget_connections() -> None:
    """Close every connection, whatever state it is in, and have the next use start from a fresh one.

    A deferred statement that fails leaves Django's connection inside its atomic block, where close() closes nothing.
    """
    from django.db import connections

    for alias in list(connections):
        wrapper = getattr(connections._connections, alias, None)
        if wrapper is None:
            continue
        with contextlib.suppress(Exception):
            if wrapper.connection is not None:
                wrapper.connection.close()
        with contextlib.suppress(AttributeError):
            del connections[alias]


def forget_settings() -> None:
    """Have django.db.connections read DATABASES again."""
    from django.db import connections

    connections._settings = None
    connections.__dict__.pop("settings", None)


def changed_alias(given: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The alias that something (an AppConfig.ready) has pointed away from the sandbox again."""
    from django.db import connections

    for alias, place in given.items():
        held = connections[alias].settings_dict
        if place and any(str(held.get(key) or "") != str(place.get(key) or "") for key in ("HOST", "PORT", "NAME")):
            return alias
    return None


def _place(
    name: str, given: Mapping[str, Mapping[str, Any]], shared: Mapping[str, str | None]
) -> Mapping[str, Any] | None:
    for _hop in range(len(shared) + 1):  # a mirror of a mirror; a circle of them ends too
        if name in given:
            return given[name]
        name = shared.get(name) or ""
    return None


def _moved(entry: Mapping[str, Any], place: Mapping[str, Any]) -> dict[str, Any]:
    options = {key: value for key, value in (entry.get("OPTIONS") or {}).items() if not _elsewhere(key)}
    return dict(entry, OPTIONS=options, **{key: str(place.get(key) or "") for key in PLACE})


def _elsewhere(option: str) -> bool:
    return option in ELSEWHERE or option.startswith(ELSEWHERE_PREFIXES)


def _vendor(engine: str) -> str:
    """The backend's own word; where it can't be imported here (another database's driver), its module's last name."""
    from django.db.utils import load_backend

    try:
        return str(load_backend(engine).DatabaseWrapper.vendor)
    except Exception:
        return "postgresql" if "postg" in engine else engine.rsplit(".", 1)[-1]


def _identity(name: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    """What two aliases of one database have in common; the alias itself where nothing says which database it is."""
    options = entry.get("OPTIONS") or {}
    where = tuple(str(options.get(key) or "") for key in ("service", "host", "dbname"))
    named = str(entry.get("NAME") or "")
    if not named and not any(where):
        return (name,)
    return (str(entry.get("HOST") or ""), str(entry.get("PORT") or "5432"), named, *where)
