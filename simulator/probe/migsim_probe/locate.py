"""Where in migrate an exception came from, read off its traceback. Nothing is patched for it.

The functions named here have kept their names and these local variables from Django 3.2 to 6.0.
"""

from __future__ import annotations

import types
from typing import Any, NamedTuple

from migsim_probe import chain

EXECUTOR = "django.db.migrations.executor"
MIGRATION = "django.db.migrations.migration"
RECORDER = "django.db.migrations.recorder"
SCHEMA_EDITOR = "django.db.backends.base.schema"
SURVEY = "migsim_probe.survey"  # whose _apply stands in for a migration's own
SIGNALS = {"emit_pre_migrate_signal": "pre_migrate", "emit_post_migrate_signal": "post_migrate"}
APPLY = ("apply_migration", "unapply_migration")
RUN_OPERATIONS = ("apply", "unapply", "mutate_state")
LOADING = ("load_disk", "check_key", "build_graph", "add_external_dependencies", "add_internal_dependencies")
VERSION_CHECKS = ("check_database_version_supported", "init_connection_state")


class Place(NamedTuple):
    """``inside`` is the traceback from the frame that decided, inwards; None where none did."""

    phase: str
    migration: str | None = None
    operation: str | None = None
    sql: str | None = None
    inside: types.TracebackType | None = None


def locate(error: BaseException, otherwise: str) -> Place:
    """The phase, migration and operation; ``otherwise`` is the phase where no frame of the chain says more."""
    for link in chain.links(error):
        place = _refused_version(link) or _place(chain.frames(link), otherwise) or _failed_checks(link)
        if place is not None:
            return place
    return Place(otherwise, migration=_current_migration(error))


def _refused_version(error: BaseException) -> Place | None:
    if type(error).__name__ != "NotSupportedError" or chain.is_driver_error(error):
        return None
    refused = any(traceback.tb_frame.f_code.co_name in VERSION_CHECKS for traceback in chain.frames(error))
    return Place("check") if refused else None


def _failed_checks(error: BaseException) -> Place | None:
    return Place("check") if type(error).__name__ == "SystemCheckError" else None


def _place(tracebacks: list[Any], otherwise: str) -> Place | None:
    migration: str | None = None
    weak: Place | None = None  # loading or checking, unless a frame further in says more
    for index, traceback in enumerate(tracebacks):
        frame = traceback.tb_frame
        module, function = frame.f_globals.get("__name__", ""), frame.f_code.co_name
        if _applies(frame):
            migration = label(frame.f_locals.get("migration"))
        elif module == MIGRATION and function in RUN_OPERATIONS:
            operation = describe_operation(frame.f_locals.get("operation"))
            return Place("operation", label(frame.f_locals.get("self")), operation, inside=traceback)
        elif module == SURVEY and function == "_apply":
            return Place("operation", migration, describe_operation(frame.f_locals.get("operation")), inside=traceback)
        elif module == SCHEMA_EDITOR and function == "__exit__" and migration:
            return Place("deferred", migration, sql=_deferred_sql(tracebacks, index), inside=traceback)
        elif module == RECORDER:
            return Place("record", migration, inside=traceback)
        elif function in SIGNALS and module == "django.core.management.sql":
            return Place(SIGNALS[function], inside=traceback)
        elif function in LOADING and module.startswith("django.db.migrations."):
            weak = Place("load", inside=traceback)
        elif function == "run_checks" and module == "django.core.checks.registry" and otherwise != "settings":
            weak = Place("check", inside=traceback)
    return weak


class _Running(NamedTuple):
    """A frame that still runs, in the place of a traceback's link."""

    tb_frame: types.FrameType


def running(frames: list[types.FrameType], otherwise: str) -> Place:
    """The same of a stack that still runs, from the outermost frame to the innermost."""
    place = _place([_Running(frame) for frame in frames], otherwise) or Place(otherwise)
    applied = [frame.f_locals.get("migration") for frame in frames if _applies(frame)]
    return place._replace(migration=place.migration or (label(applied[-1]) if applied else None), inside=None)


def _deferred_sql(tracebacks: list[Any], index: int) -> str | None:
    """The statement, where it was one that failed and not the COMMIT after them."""
    executing = index + 1 < len(tracebacks) and tracebacks[index + 1].tb_frame.f_code.co_name == "execute"
    sql = tracebacks[index].tb_frame.f_locals.get("sql")
    return str(sql) if executing and sql is not None else None


def _current_migration(error: BaseException) -> str | None:
    """The migration being applied when something beside its operations failed (--fake-initial's look around)."""
    for traceback in chain.frames(error):
        if _applies(traceback.tb_frame):
            return label(traceback.tb_frame.f_locals.get("migration"))
    return None


def _applies(frame: types.FrameType) -> bool:
    return frame.f_code.co_name in APPLY and frame.f_globals.get("__name__") == EXECUTOR


def label(migration: Any) -> str | None:
    return None if migration is None else f"{migration.app_label}.{migration.name}"


def describe_operation(operation: Any) -> str | None:
    """As Django words it, of names; what a project's own operation says of itself may be made of anything."""
    if operation is None:
        return None
    kind = type(operation)
    words_it = getattr(kind, "describe", None)
    if not str(getattr(words_it, "__module__", "")).startswith("django."):
        return kind.__name__
    try:
        return str(operation.describe())
    except Exception:
        return kind.__name__
