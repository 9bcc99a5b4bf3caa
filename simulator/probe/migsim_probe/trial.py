"""The steps of a fix, each as a person would type it."""

from __future__ import annotations

import importlib
import time
from typing import Any, Callable

from migsim_probe import command, databases, snapshots


def run(
    steps: list[dict[str, Any]],
    alias: str,
    report: Callable[..., None],
    describe: Callable[[BaseException], dict[str, Any]],
) -> bool:
    """In order, until one fails; False when one has. Each is reported with its seconds, and its failure."""
    for index, step in enumerate(steps):
        started = time.monotonic()
        error = command.run(step["manage"], alias) if step.get("manage") else _run_sql(step["sql"], alias)
        event: dict[str, Any] = {"index": index, "seconds": round(time.monotonic() - started, 4)}
        if error is not None:
            event["failure"] = describe(error)
        report("step", **event)
        _forget()
        if error is not None:
            return False
    return True


def _run_sql(sql: str, alias: str) -> BaseException | None:
    """All of it as one query, which is one transaction where it is several statements; CONCURRENTLY has to be alone."""
    raw = None
    try:
        raw = snapshots.connect(alias)
        with raw.cursor() as cursor:
            cursor.execute(sql)
    except Exception as error:
        return error
    finally:
        if raw is not None:
            raw.close()
    return None


def _forget() -> None:
    """What one command leaves in the process, and another process would not have."""
    importlib.invalidate_caches()  # makemigrations may have written modules
    databases.forget_connections()
    try:
        from django.contrib.contenttypes.models import ContentType
    except Exception:  # not installed
        return
    ContentType.objects.clear_cache()
