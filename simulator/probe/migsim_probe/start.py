"""Start the project the way ``python manage.py`` does, and take over where Django would run the command."""

from __future__ import annotations

import os
import runpy
import sys
from typing import Any, Callable

from migsim_probe.imports import after_import

SETTINGS = "DJANGO_SETTINGS_MODULE"


class Taken:
    """Stands in for ``ManagementUtility.execute``, which every way to run a command goes through."""

    def __init__(self, then: Callable[[], None]) -> None:
        self.happened = False
        self._then = then

    def install(self) -> None:
        after_import("django.core.management", self._replace)

    def once(self) -> None:
        if not self.happened:
            self.happened = True
            self._then()

    def _replace(self, management: Any) -> None:
        management.ManagementUtility.execute = lambda _utility: self.once()


def run_manage(
    manage: str | None, settings: str | None, command: list[str], then: Callable[[], None]
) -> BaseException | None:
    """Run manage.py with ``command``; ``then`` is called once in place of Django's own execution.

    Returns what manage.py raised before it came to that. What it does afterwards is of no account.
    """
    taken = Taken(then)
    sys.path.insert(0, os.path.dirname(os.path.abspath(manage or "manage.py")))
    sys.argv = [manage or "manage.py"] + command + (["--settings=" + settings] if settings else [])
    if settings:
        os.environ[SETTINGS] = settings
    taken.install()
    error = _run(manage) if manage and os.path.exists(manage) else None
    if error is None or taken.happened:
        taken.once()
        return None
    return error


def _run(manage: str) -> BaseException | None:
    try:
        runpy.run_path(manage, run_name="__main__")
    except (Exception, SystemExit) as error:
        return error
    return None


def after_settings(then: Callable[[Any], None]) -> None:
    """Call ``then(settings)`` the moment the project's settings are loaded, by whom ever: manage.py may be first.

    A settings module that reads ``django.conf.settings`` while it is loaded itself makes Django load it once more from
    inside: what that sees is half of it, and is replaced when the outer load has come to its end.
    """
    under_way: list[Any] = []

    def wrap(conf: Any) -> None:
        load = conf.LazySettings._setup

        def load_and_tell(settings: Any, name: str | None = None) -> None:
            under_way.append(settings)
            try:
                load(settings, name)
            finally:
                under_way.pop()
            if not any(one is settings for one in under_way):
                then(settings)

        conf.LazySettings._setup = load_and_tell

    after_import("django.conf", wrap)


def load_settings(settings: str | None) -> Any:
    """Import the settings; the request's own module wins over what manage.py has set."""
    if settings:
        os.environ[SETTINGS] = settings
    from django.conf import settings as loaded

    _ = loaded.INSTALLED_APPS
    return loaded
