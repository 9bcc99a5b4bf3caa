"""Can the code read its tables? One SELECT of every column, LIMIT 1, for each model; no row is ever looked at."""

from __future__ import annotations

from typing import Any, Callable, Iterator


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


def _select(model: Any, alias: str) -> None:
    """Through Django's compiler, but with no manager, ordering or instance of the project's."""
    from django.db import connections
    from django.db.models.query import QuerySet

    query = QuerySet(model=model, using=alias).order_by()[:1].query
    sql, parameters = query.get_compiler(using=alias).as_sql()
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, parameters)
