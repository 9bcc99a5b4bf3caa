"""An exception of the project's run turned into the ``failure`` event: where, what, about which object, no data."""

from __future__ import annotations

import dis
import linecache
import os
import sysconfig
import types
from typing import Any, Collection

from migsim_probe import chain, redact
from migsim_probe.locate import Place, locate
from migsim_probe.names import INSUFFICIENT_PRIVILEGE, Names, looked_up, names
from migsim_probe.watch import Statements

RAISED_BY_PLPGSQL = "exec_stmt_raise"
LIBRARIES = ("django", "psycopg", "psycopg2", "migsim_probe")
STANDARD_LIBRARY = tuple(sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib"))
ABSENT = ("42P01", "42703")  # no such relation, no such column
RUN_SQL = "django.db.migrations.operations.special"
# Phases in which code of the project's runs under Django's, over rows.
USER_PHASES = ("operation", "pre_migrate", "post_migrate")


def describe(
    error: BaseException,
    otherwise: str,
    statements: Statements,
    secrets: redact.Secrets,
    known: Collection[str],
    place: Place | None = None,
) -> dict[str, Any]:
    """The event's fields. ``otherwise`` is the phase where the traceback says no more; ``place`` is known already."""
    place = place or locate(error, otherwise)
    driver = chain.driver_error(error)
    state = chain.sqlstate(driver) if driver is not None else None
    failed, alias = statements.failed(error)
    sql = failed or place.sql
    found = names(state, _said(driver), sql, getattr(driver, "diag", None)) if driver and state else looked_up(error)
    if state in ABSENT and _user_tracebacks(place):
        found = _only_known(found, frozenset(known) | _source_words(error, place))
    vocabulary = frozenset(known) | frozenset(name for name in found if name)
    is_code = _is_run_sql(error)
    said = _message(error, place, vocabulary | (redact.words(sql) if sql and is_code else frozenset()))
    return dict(
        found._asdict(),
        exception=chain.class_name(error),
        message=secrets.scrub(said, vocabulary),
        phase=place.phase,
        migration=place.migration,
        operation=place.operation,
        sqlstate=state,
        alias=alias,
        sql=secrets.scrub(redact.sql_text(sql, is_code), vocabulary) if sql else None,
        facts=_facts(error, sql, place, statements),
    )


def _only_known(found: Names, known: frozenset[str]) -> Names:
    """What a data migration's own SQL asked for in vain may have been built of a row; no catalog vouches for it."""
    return Names(*(name if name in known else None for name in found))


def is_denied(failure: dict[str, Any]) -> bool:
    return bool(failure["sqlstate"] == INSUFFICIENT_PRIVILEGE)


def _facts(error: BaseException, sql: str | None, place: Place, statements: Statements) -> dict[str, Any]:
    """What the sandbox's part in the failure is judged by."""
    creates_extension = " ".join((sql or "").upper().split()[:2]) == "CREATE EXTENSION"
    return {
        "chain": chain.describe(error),
        "connection_open": sql is not None and statements.refused_by_driver,
        "other_backend": _uses_dummy(error),
        "creates_extension": _extension_name(sql or "") if creates_extension else None,
        "missing_variable": _missing_variable(error) if place.phase == "settings" else None,
        "missing_module": next((e.name for e in chain.links(error) if isinstance(e, ModuleNotFoundError)), None),
    }


def _said(driver: BaseException) -> str:
    """The driver's own message, which a Django exception on top may have reworded."""
    return getattr(getattr(driver, "diag", None), "message_primary", None) or str(driver)


def _message(error: BaseException, place: Place, known: frozenset[str]) -> str:
    text = _first_line(error)
    driver = chain.driver_error(error)
    own = next((link for link in (error, error.__cause__) if link is not None and chain.sqlstate(link)), None)
    if driver is not None and _raised_by_function(driver):
        return redact.keep_known_words(text, known | _source_words(error, place))
    if own is not None and (chain.sqlstate(own) or "").startswith("22"):
        return redact.class_22(text, known)
    if own is not None and (chain.sqlstate(own) or "").startswith("23"):
        return redact.keep_known_quotes(text, known)
    return _message_of_code(error, place, text, known, from_server=own is not None)


def _message_of_code(error: BaseException, place: Place, text: str, known: frozenset[str], from_server: bool) -> str:
    """An exception that Python code raised: its words may be a row's, unless they stand in the code."""
    if isinstance(error, (ImportError, SyntaxError)):
        return text
    known = known | _source_words(error, place) | redact.TYPES
    if place.phase == "settings":
        return redact.keep_known_quotes(text, known)
    innermost = chain.frames(error)[-1] if error.__traceback__ else None
    if innermost is not None and not _is_library(innermost):
        return redact.keep_known_words(text, known) if _raises(innermost) else redact.keep_known_quotes(text, known)
    if innermost is None or not _user_tracebacks(place):
        return text
    text = redact.keep_known_quotes(text, known | redact.constants(innermost.tb_frame.f_code))
    if from_server:
        return text
    library = redact.words("".join(linecache.getlines(innermost.tb_frame.f_code.co_filename)))
    return redact.keep_known_words(text, known | library)


def _first_line(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"exit code {error.code}" if isinstance(error.code, int) else str(error.code)
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()] or [""]
    if type(error).__name__ == "SystemCheckError":  # its first line is a heading, and the next names the level
        return " ".join(line for line in lines[:3] if line != "ERRORS:")
    return lines[0]


def _raised_by_function(driver: BaseException) -> bool:
    """RAISE in a PL/pgSQL function: the text is its author's, whatever SQLSTATE was chosen."""
    diag = getattr(driver, "diag", None)
    return getattr(diag, "source_function", None) == RAISED_BY_PLPGSQL


def _user_tracebacks(place: Place) -> list[types.TracebackType]:
    """The project's own frames under the operation or receiver that failed."""
    found, traceback = [], place.inside if place.phase in USER_PHASES else None
    while traceback is not None:
        if not _is_library(traceback):
            found.append(traceback)
        traceback = traceback.tb_next
    return found


def _source_words(error: BaseException, place: Place) -> frozenset[str]:
    """Words of the project's files that the exception passed through; the innermost one's at least."""
    tracebacks = [each for each in chain.frames(error) if not _is_library(each)]
    inside = _user_tracebacks(place) or tracebacks
    files = {each.tb_frame.f_code.co_filename for each in inside}
    return frozenset().union(*(redact.words("".join(linecache.getlines(name))) for name in files))


def _raises(traceback: types.TracebackType) -> bool:
    """Whether a ``raise`` statement stands there; else C code did it, in CPython's own words."""
    code = traceback.tb_frame.f_code.co_code
    return dis.opname[code[traceback.tb_lasti]] in ("RAISE_VARARGS", "RERAISE")


def _is_library(traceback: types.TracebackType) -> bool:
    return is_library(traceback.tb_frame)


def is_library(frame: types.FrameType) -> bool:
    """Django, a driver, the standard library or the probe; what else is installed may well talk about rows."""
    if str(frame.f_globals.get("__name__", "")).split(".")[0] in LIBRARIES:
        return True
    filename = frame.f_code.co_filename
    if filename.startswith("<frozen"):
        return True
    installed = "site-packages" in filename or "dist-packages" in filename
    return not installed and filename.startswith(STANDARD_LIBRARY)


def _is_run_sql(error: BaseException) -> bool:
    return any(runs_sql(traceback.tb_frame) for link in chain.links(error) for traceback in chain.frames(link))


def runs_sql(frame: types.FrameType) -> bool:
    """Whether a RunSQL's own text runs there."""
    return frame.f_code.co_name == "_run_sql" and frame.f_globals.get("__name__") == RUN_SQL


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
