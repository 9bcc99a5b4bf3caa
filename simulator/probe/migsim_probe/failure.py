"""An exception of the project's run turned into the ``failure`` event: where, what, about which object, no data."""

from __future__ import annotations

import linecache
import os
import re
import sys
import sysconfig
import types
from typing import Any, Callable, Container, Iterator

from migsim_probe import chain, forms, shown
from migsim_probe.known import Known
from migsim_probe.locate import Place, locate
from migsim_probe.names import INSUFFICIENT_PRIVILEGE, Names, looked_up, names
from migsim_probe.watch import Statements

LIBRARIES = ("django", "psycopg", "psycopg2", "migsim_probe")
STANDARD_LIBRARY = tuple(sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib"))
INSTALLED = ("site-packages", "dist-packages")
# Phases in which code of the project's runs under Django's, over rows.
USER_PHASES = ("operation", "pre_migrate", "post_migrate")
# Whose frames are the last before those of an operation, of the statements kept for the end, of the history's table.
RUNNERS = (
    ("django.db.migrations.migration", "apply"),
    ("django.db.migrations.migration", "unapply"),
    ("django.db.backends.base.schema", "__exit__"),
    ("django.db.migrations.recorder", "ensure_schema"),
    ("migsim_probe.survey", "_apply"),
)
CHECK = re.compile(r"(?P<about>\S+): \((?P<id>[A-Za-z_]\w*\.[CDEIW]\d+)\) (?P<text>.*)")


def describe(
    error: BaseException, otherwise: str, statements: Statements, known: Known, place: Place | None = None
) -> dict[str, Any]:
    """The event's fields. ``otherwise`` is the phase where the traceback says no more; ``place`` is known already."""
    place = place or locate(error, otherwise)
    driver = chain.driver_error(error)
    state = chain.sqlstate(driver) if driver is not None else None
    failed, alias = statements.failed(error)
    sql = failed or place.sql
    of_code = bool(_user_tracebacks(place))
    given = shown.identifiers(sql) if sql and not of_code else frozenset()  # Django's own DDL, and what a RunSQL holds
    words = _Words(error, known, given)
    found = names(state, _said(driver), sql, getattr(driver, "diag", None)) if driver and state else looked_up(error)
    return dict(
        Names(*(name if name is None or words.knows(name) else None for name in found))._asdict(),
        exception=chain.class_name(error),
        message=words.message(),
        phase=place.phase,
        migration=place.migration,
        operation=place.operation,
        sqlstate=state,
        alias=alias,
        sql=words.statement(sql, sizes=not of_code) if sql else None,
        source=_source(error),
        raised_from=_raised_from(error),
        facts=_facts(error, sql, place, statements, words),
    )


class _Words:
    """What of one error's texts may be shown. The project's other modules are read where its own files leave gaps."""

    def __init__(self, error: BaseException, known: Known, given: frozenset[str]) -> None:
        self._error = error
        self._known = known
        self._near = shown.Layers(known.names(), given, known.of_files(error, _is_installed))

    def message(self) -> str:
        return self._widened(self._message)

    def statement(self, sql: str, sizes: bool) -> str:
        return statement(sql, self._near, self._known, sizes)

    def text(self, text: str) -> str:
        """Any other: the names in it."""
        return self._widened(lambda names: shown.names_in(text, names))

    def knows(self, name: str) -> bool:
        return not shown.hides(self.text(name))

    def _message(self, names: Container[str]) -> str:
        error = self._error
        own = next((link for link in (error, error.__cause__) if link is not None and chain.sqlstate(link)), None)
        if own is not None:
            return shown.message(str(error), forms.of_server(), names, self._known.language())
        if type(error).__name__ == "SystemCheckError":
            return _checks(error, names)
        worded = (*forms.of_python(), *_library_forms(error))
        quoted = forms.of_server() if chain.driver_error(error) is not None else ()
        return shown.message(_text(error), (*worded, *quoted), names, self._known.language() if quoted else ())

    def _widened(self, show: Callable[[Container[str]], str]) -> str:
        text = show(self._near)
        if not shown.hides(text):
            return text
        return show(shown.Layers(self._near, self._known.of_loaded(is_library_file)))


def statement(sql: str, near: Container[str], known: Known, sizes: bool) -> str:
    """What may be shown of a statement. The project's other modules are read where names in it are unknown."""
    language = known.language()
    lacking = [name for name in shown.identifiers(sql) if name.lower() not in language and name not in near]
    names = shown.Layers(near, known.of_loaded(is_library_file)) if lacking else near
    return shown.statement(sql, names, language, sizes)


def is_denied(failure: dict[str, Any]) -> bool:
    return bool(failure["sqlstate"] == INSUFFICIENT_PRIVILEGE)


def runs_project_code(innermost: types.FrameType | None = None) -> bool:
    """Whether the project's own code is at work under the operation or the receiver that runs now, if one does.

    ``innermost``: the frame to look from; None: the caller's.
    """
    frame: types.FrameType | None = innermost or sys._getframe(1)
    while frame is not None:
        name, function = frame.f_globals.get("__name__", ""), frame.f_code.co_name
        if (name, function) in RUNNERS:
            return False
        if not _is_installed_frame(frame):
            return True
        frame = frame.f_back
    return True


def is_library_file(path: str) -> bool:
    """The standard library's, an installed one's or the probe's; the rest is the project's."""
    installed = any(part in path for part in INSTALLED)
    return installed or path.startswith(("<frozen", *STANDARD_LIBRARY, forms.HERE + os.sep))


def _facts(
    error: BaseException, sql: str | None, place: Place, statements: Statements, words: _Words
) -> dict[str, Any]:
    """What the sandbox's part in the failure is judged by."""
    creates_extension = " ".join((sql or "").upper().split()[:2]) == "CREATE EXTENSION"
    module = next((e.name for e in chain.links(error) if isinstance(e, ModuleNotFoundError)), None)
    variable = _missing_variable(error) if place.phase == "settings" else None
    return {
        "chain": chain.describe(error),
        "connection_open": sql is not None and statements.refused_by_driver,
        "other_backend": _uses_dummy(error),
        "creates_extension": _extension_name(sql or "") if creates_extension else None,
        "missing_variable": words.text(variable) if variable else None,
        "missing_module": words.text(module) if module else None,
    }


def _said(driver: BaseException) -> str:
    """The driver's own message, which a Django exception on top may have reworded."""
    return getattr(getattr(driver, "diag", None), "message_primary", None) or str(driver)


def _text(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"exit code {error.code}" if isinstance(error.code, int) else str(error.code)
    return str(error)


def _checks(error: BaseException, names: Container[str]) -> str:
    """The first error of a SystemCheckError, whose first line is a heading and whose next names the level."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    heading = "SystemCheckError: System check identified some issues:"
    match = next((found for found in map(CHECK.fullmatch, lines) if found), None)
    if match is None:
        return heading
    worded = (one for path in _files_with(match["id"]) for one in forms.of_file(path))
    text = shown.message(match["text"], worded, names)
    return f"{heading} {shown.names_in(match['about'], names)}: ({match['id']}) {text}"


def _files_with(check: str) -> Iterator[str]:
    """The loaded files of Django's that have the check with that id."""
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None) or ""
        of_django = name.startswith("django.") and path.endswith(".py")
        if of_django and any(check in line for line in linecache.getlines(path)):
            yield path


def _library_forms(error: BaseException) -> Iterator[shown.Form]:
    """Of the installed files that the error passed through; none where the project's own code raised it."""
    found = chain.frames(error)
    if found and not _is_installed(found[-1]):
        return
    files = [traceback.tb_frame.f_code.co_filename for traceback in reversed(found) if _is_installed(traceback)]
    module = sys.modules.get(type(error).__module__)
    defined = getattr(module, "__file__", None) or ""
    for path in dict.fromkeys([*files, *([defined] if is_library_file(defined) else [])]):
        yield from forms.of_file(path)


def _source(error: BaseException) -> str | None:
    """File and line of the innermost frame of the project's own, from the working directory where it is below."""
    for link in chain.links(error):
        own = [traceback for traceback in chain.frames(link) if not _is_installed(traceback)]
        own = [traceback for traceback in own if traceback.tb_frame.f_globals.get("__name__") != "__main__"]
        if own:
            path = own[-1].tb_frame.f_code.co_filename
            below = os.path.relpath(path) if os.path.isabs(path) else path
            return "{}:{}".format(path if below.startswith("..") else below, own[-1].tb_lineno)
    return None


def _raised_from(error: BaseException) -> str | None:
    """The class of what it was raised from, or while handling what."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is None or (chain.is_driver_error(before) and type(error).__module__ == "django.db.utils"):
        return None  # Django's name for the driver's error
    return chain.class_name(before)


def _user_tracebacks(place: Place) -> list[types.TracebackType]:
    """The project's own frames under the operation or receiver that failed, and those of what else is installed."""
    found, traceback = [], place.inside if place.phase in USER_PHASES else None
    while traceback is not None:
        if not _is_library(traceback):
            found.append(traceback)
        traceback = traceback.tb_next
    return found


def _is_library(traceback: types.TracebackType) -> bool:
    return is_library(traceback.tb_frame)


def is_library(frame: types.FrameType) -> bool:
    """Django, a driver, the standard library or the probe; what else is installed may well talk about rows."""
    if str(frame.f_globals.get("__name__", "")).split(".")[0] in LIBRARIES:
        return True
    path = frame.f_code.co_filename
    return is_library_file(path) and not any(part in path for part in INSTALLED)


def _is_installed(traceback: types.TracebackType) -> bool:
    return _is_installed_frame(traceback.tb_frame)


def _is_installed_frame(frame: types.FrameType) -> bool:
    of_ours = str(frame.f_globals.get("__name__", "")).split(".")[0] in LIBRARIES
    return of_ours or is_library_file(frame.f_code.co_filename)


def _uses_dummy(error: BaseException) -> bool:
    """An alias of another backend was used, which has Django's dummy backend in the sandbox."""
    return any(
        traceback.tb_frame.f_globals.get("__name__") == "django.db.backends.dummy.base"
        for link in chain.links(error)
        for traceback in chain.frames(link)
    )


def _extension_name(sql: str) -> str | None:
    words = [word.strip('";') for word in sql.split()[2:] if word.upper() not in ("IF", "NOT", "EXISTS")]
    return words[0] if words else None


def _missing_variable(error: BaseException) -> str | None:
    """``os.environ["X"]`` that isn't set: its KeyError comes from os.py's mapping of the environment."""
    for link in chain.links(error):
        tracebacks = chain.frames(link)
        frame = tracebacks[-1].tb_frame if tracebacks else None
        if isinstance(link, KeyError) and frame is not None and frame.f_locals.get("self") is os.environ:
            return str(link.args[0])
    return None
