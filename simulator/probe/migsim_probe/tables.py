"""Which tables of the project's stand in the database, before anything is migrated: is it this project's database?"""

from __future__ import annotations

from typing import Any, Iterable

# A name may be qualified and hold quotes (db_table = 'shop"."order'); Django's own quoting is what finds it.
THERE = "SELECT count(*) FROM unnest(%s::text[]) name WHERE to_regclass(name) IS NOT NULL"


def event(connection: Any, state: Any) -> dict[str, int]:
    """How many tables the recorded migrations make, how many the code's models have, and how many of each are there.

    ``state``: the models as the recorded migrations leave them; None where that can't be computed.
    """
    recorded = set(_of_state(state, connection.alias)) if state is not None else set()
    code = set(_of_models(connection.alias))
    return {
        "recorded": len(recorded),
        "recorded_there": _there(connection, recorded),
        "code": len(code),
        "code_there": _there(connection, code),
    }


def _of_state(state: Any, alias: str) -> Iterable[str]:
    from django.db import router

    for (app, name), model in state.models.items():
        options = model.options
        hidden = options.get("proxy") or options.get("abstract") or not options.get("managed", True)
        if not hidden and not options.get("swappable") and router.allow_migrate(alias, app, model_name=name):
            yield str(options.get("db_table") or f"{app}_{name}")


def _of_models(alias: str) -> Iterable[str]:
    from django.apps import apps
    from django.db import router

    for model in apps.get_models(include_auto_created=True):
        meta: Any = model._meta
        if meta.managed and not meta.proxy and router.allow_migrate_model(alias, model):
            yield str(meta.db_table)


def _there(connection: Any, tables: Iterable[str]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(THERE, [[connection.ops.quote_name(table) for table in tables]])
        (count,) = cursor.fetchone()
    return int(count)
