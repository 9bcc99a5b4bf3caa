"""What of the project's own runs beside its migrations, and may look at rows."""

from __future__ import annotations

import weakref
from typing import Any, Iterator

DJANGOS = "django."


def own_code(command: str) -> list[str]:
    """A command that is not Django's, and receivers of migrate's signals that are not."""
    from django.core.management import get_commands
    from django.db.models.signals import post_migrate, pre_migrate

    app = get_commands().get(command)
    home = app if isinstance(app, str) else type(app).__module__
    found = [] if home.startswith(DJANGOS) else [f"the command {command} of {home}"]
    for name, signal in (("pre_migrate", pre_migrate), ("post_migrate", post_migrate)):
        found += [f"{name}: {_name(one)}" for one in _receivers(signal) if not _module(one).startswith(DJANGOS)]
    return sorted(set(found))


def _receivers(signal: Any) -> Iterator[Any]:
    """Those that are still alive; a signal keeps most of them as weak references."""
    for entry in signal.receivers:
        receiver = entry[1]
        alive = receiver() if isinstance(receiver, weakref.ReferenceType) else receiver
        if alive is not None:
            yield alive


def _module(receiver: Any) -> str:
    return str(getattr(receiver, "__module__", None) or type(receiver).__module__)


def _name(receiver: Any) -> str:
    return f"{_module(receiver)}.{getattr(receiver, '__qualname__', type(receiver).__qualname__)}"
