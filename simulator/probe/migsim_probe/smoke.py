"""Can the code read its tables? One SELECT of every column, LIMIT 1, for each model; no row is ever looked at."""

from __future__ import annotations

from typing import Any, Callable, Iterator

_MUST_BE_FILLED = (
    "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"
    " AND attnotnull AND NOT atthasdef AND attidentity = ''"
)


def models(alias: str) -> Iterator[Any]:
    """Models whose table migrate looks after on this alias, the tables of many-to-many fields included."""
    from django.apps import apps
    from django.db import router

    for model in apps.get_models(include_auto_created=True):
        meta = model._meta
        if meta.managed and not meta.proxy and not meta.swapped and router.allow_migrate_model(alias, model):
            yield model


def read_models(alias: str, failed: Callable[[Exception, str], None]) -> int:
    """Select from each; ``failed`` hears every error with the model's table. Returns how many could be read."""
    readable = 0
    for model in models(alias):
        try:
            _select(model, alias)
        except Exception as error:
            failed(error, model._meta.db_table)
        else:
            readable += 1
    return readable


def refusing_columns(alias: str) -> Iterator[tuple[str, str]]:
    """(table, column) that has to be filled, has no default, and that no model knows: the code's inserts fail on it."""
    from django.apps import apps
    from django.db import connections

    known: dict[str, set[str]] = {}
    for model in apps.get_models(include_auto_created=True):
        known.setdefault(model._meta.db_table, set()).update(
            field.column for field in model._meta.local_concrete_fields
        )
    quote = connections[alias].ops.quote_name
    for table in sorted({model._meta.db_table for model in models(alias)}):
        with connections[alias].cursor() as cursor:
            cursor.execute(_MUST_BE_FILLED, [quote(table)])
            yield from ((table, column) for (column,) in cursor.fetchall() if column not in known[table])


def _select(model: Any, alias: str) -> None:
    """Through Django's compiler, but with no manager, ordering or instance of the project's."""
    from django.db import connections
    from django.db.models.query import QuerySet

    query = QuerySet(model=model, using=alias).order_by()[:1].query
    sql, parameters = query.get_compiler(using=alias).as_sql()
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, parameters)
