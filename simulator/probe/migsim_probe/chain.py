"""An exception together with what it was raised from."""

from __future__ import annotations

import errno
import sys
import types
from typing import Any, Iterator

DRIVERS = ("psycopg", "psycopg2", "psycopg_c", "psycopg_binary")


def links(error: BaseException) -> Iterator[BaseException]:
    """The exception, then its causes and contexts, nearest first; ``from None`` hides nothing here."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        link = waiting.pop()
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting.extend(near for near in (link.__context__, link.__cause__) if near is not None)


def frames(error: BaseException) -> list[types.TracebackType]:
    """Its traceback from the outermost frame to the one that raised."""
    found = []
    traceback = error.__traceback__
    while traceback is not None:
        found.append(traceback)
        traceback = traceback.tb_next
    return found


def is_driver_error(error: BaseException) -> bool:
    return any(kind.__module__.split(".")[0] in DRIVERS for kind in type(error).__mro__)


def is_probes_own(error: BaseException) -> bool:
    """A bug of the probe's, which must not pass for the project's: raised by our code, and not as Django's."""
    if isinstance(error, ImportError):  # Django or a driver is not installed: importlib leaves no frame of its own
        return False
    found = frames(error)
    module = found[-1].tb_frame.f_globals.get("__name__", "") if found else ""
    return module.startswith("migsim_probe.") and not type(error).__module__.startswith("django.")


def sqlstate(error: BaseException) -> str | None:
    """psycopg 3 says ``sqlstate``, psycopg2 ``pgcode``; None for what never came from a server."""
    if not is_driver_error(error):
        return None
    return getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)


def driver_error(error: BaseException) -> BaseException | None:
    """The nearest driver error that carries an SQLSTATE."""
    return next((link for link in links(error) if sqlstate(link)), None)


def class_name(error: BaseException) -> str:
    """The class's, or its nearest ancestor's that stands in its module under its name: one made up may be of a row."""
    kind = next(filter(_stands_in_its_module, type(error).__mro__))
    return kind.__qualname__ if kind.__module__ == "builtins" else kind.__module__ + "." + kind.__qualname__


def _stands_in_its_module(kind: type) -> bool:
    place: Any = sys.modules.get(kind.__module__)
    for part in kind.__qualname__.split("."):
        place = getattr(place, part, None)
    return place is kind


def describe(error: BaseException) -> list[dict[str, Any]]:
    """Each link as facts: its class, what it descends from, its SQLSTATE, its errno. No text: text decides nothing."""
    return [
        {
            "class": class_name(link),
            "bases": [kind.__name__ for kind in filter(_stands_in_its_module, type(link).__mro__[:-2])],
            "driver": is_driver_error(link),
            "sqlstate": sqlstate(link),
            "errno": errno.errorcode.get(link.errno or 0) if isinstance(link, OSError) else None,
            "about_file": isinstance(link, OSError) and link.filename is not None,
        }
        for link in links(error)
    ]
