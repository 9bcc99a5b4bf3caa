"""django_migrations against the files on disk, and what a plain migrate would run."""

from __future__ import annotations

from typing import Any, Tuple

Key = Tuple[str, str]


class History:
    """Read once through an executor of Django's own, as the migrate command makes one; nothing is written.

    Raises what migrate itself would: a file that doesn't import, a graph that doesn't hold together.
    """

    def __init__(self, connection: Any) -> None:
        from django.db.migrations.executor import MigrationExecutor

        self._executor = MigrationExecutor(connection)
        self.loader = self._executor.loader
        self.recorded: set[Key] = set(self._executor.recorder.applied_migrations())
        steps = self._executor.migration_plan(self.loader.graph.leaf_nodes())
        self.plan: list[Any] = [migration for migration, _backwards in steps]
        self._schemas = _schemas(connection)

    def state_before(self) -> Any:
        """The models as the applied migrations leave them."""
        return self._executor._create_project_state(with_applied_migrations=True)

    def event(self) -> dict[str, Any]:
        on_disk = set(self.loader.disk_migrations)
        not_on_disk = self.recorded - on_disk
        return {
            "recorded": len(self.recorded),
            "applied": _names(set(self.loader.applied_migrations) & on_disk),
            "pending": [_name((step.app_label, step.name)) for step in self.plan],
            "not_on_disk": _names(not_on_disk),
            "renamed": renamed(not_on_disk, {(step.app_label, step.name) for step in self.plan}),
            "schemas": self._schemas,
        }


def _schemas(connection: Any) -> list[str]:
    """In which the project looks for its tables, in order; it makes them in the first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT unnest(current_schemas(false))")
        return [schema for (schema,) in cursor.fetchall()]


def renamed(not_on_disk: set[Key], pending: set[Key]) -> dict[str, str]:
    """A recorded name → the one pending name of that app that differs only in its number (a rebase renumbers)."""
    found = {}
    for app, name in sorted(not_on_disk):
        same = [key for key in sorted(pending) if key[0] == app and _suffix(key[1]) == _suffix(name) != ""]
        if len(same) == 1:
            found[_name((app, name))] = _name(same[0])
    return found


def project_names() -> frozenset[str]:
    """Every name that the project's code gives to something: these may stand in a message."""
    from django.apps import apps

    names: set[str] = set()
    for config in apps.get_app_configs() if apps.ready else ():
        names.update((config.label, config.name, *config.name.split(".")))
        for model in config.get_models(include_auto_created=True, include_swapped=True):
            meta = model._meta
            names.update((meta.object_name, meta.model_name, meta.label, meta.label_lower, meta.db_table))
            constraints = getattr(meta, "constraints", ())  # since Django 2.2
            names.update(each.name for each in [*getattr(meta, "indexes", ()), *constraints] if each.name)
            for field in meta.local_fields + meta.local_many_to_many:
                names.update(name for name in (field.name, field.attname, field.column) if name)
                target = getattr(field.remote_field, "model", None)
                names.update((target, *target.split(".")) if isinstance(target, str) else ())
    return frozenset(names)


def _names(keys: set[Key]) -> list[str]:
    return [_name(key) for key in sorted(keys)]


def _name(key: Key) -> str:
    return "{}.{}".format(*key)


def _suffix(name: str) -> str:
    number, _underscore, rest = name.partition("_")
    return rest if number.isdigit() else name
