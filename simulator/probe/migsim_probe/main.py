"""One run of the probe, from the request to the last line of the trace."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sys
import traceback
from typing import Any, Callable, Iterator

from migsim_probe import (
    catalog,
    chain,
    command,
    databases,
    failure,
    files,
    forms,
    history,
    idle,
    operations,
    redact,
    reset,
    server,
    shown,
    signals,
    smoke,
    snapshots,
    squashes,
    start,
    survey,
    tables,
    tenants,
    trial,
    versions,
)
from migsim_probe.hosts import Hosts
from migsim_probe.known import Known
from migsim_probe.locate import Place
from migsim_probe.network import Watch
from migsim_probe.position import Positions
from migsim_probe.watch import Migrations, Statements, listen
from migsim_probe.writer import Writer

DDL = re.compile(r"\s*(?:CREATE|ALTER)\s", re.IGNORECASE)
BROKEN = 4  # the exit code of a probe that failed itself


def main(request_path: str) -> None:
    """Never returns: threads that the project left running can't hold the process open."""
    with open(request_path, encoding="utf-8") as file:
        request = json.load(file)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # what unwinds meanwhile would be told as where it was
    probe = Probe(request, Writer(request["trace"]))
    probe.positions.start()
    try:
        error = start.run_manage(request["manage"], request["settings"], request["command"], probe.run)
        if error is not None and not chain.is_probes_own(error):
            probe.fail(error, "settings")
            probe.finished = True
    except Exception:
        traceback.print_exc()
    probe.positions.stop()
    if probe.finished:
        probe.writer.event("end")
    for stream in (sys.stdout, sys.stderr):
        _flush(stream)
    os._exit(0 if probe.finished else BROKEN)


class Probe:
    """What one request asks for, step by step. ``finished`` once every step was taken or one failed."""

    def __init__(self, request: dict[str, Any], writer: Writer) -> None:
        self.request = request
        self.writer = writer
        self.finished = False
        self.positions = Positions(writer.event, lambda: self._stage, self._statement)
        self._stage = "settings"
        self._alias: str = request["alias"]
        self._given: dict[str, Any] = request["databases"] or {}
        self._secrets = redact.environment_secrets()
        self._hosts = Hosts(failure.is_library_file)
        self._watch = Watch(self._given.values(), bool(request.get("guard")), self._attempt)
        self._statements = Statements(self._saw_statement)
        self._known = Known([*_given_names(request), *self._given])
        self._original: dict[str, dict[str, Any]] | None = None  # DATABASES as the project has it
        self._watch.install()
        start.after_settings(self._take_databases)

    def run(self) -> None:
        """Called in place of Django's own execution, with manage.py's frames below."""
        try:
            self._steps()
        except Exception:
            traceback.print_exc()
            return
        self.finished = True

    def fail(self, error: BaseException, otherwise: str, **instead: Any) -> None:
        """Report a failure; ``instead`` has the fields that the caller knows better."""
        self._write_whole(error)
        self.writer.event("failure", **dict(self.describe(error, otherwise), **instead))

    def describe(self, error: BaseException, otherwise: str) -> dict[str, Any]:
        """A failure's fields, with what the catalog adds to them. No connection outlives it."""
        event = self._described(error, otherwise)
        if otherwise != "settings":
            databases.forget_connections()
            self._look_up(event)
            databases.forget_connections()
        return event

    def _described(self, error: BaseException, otherwise: str, place: Place | None = None) -> dict[str, Any]:
        event = failure.describe(error, otherwise, self._statements, self._known, place)
        schema = tenants.working_schema(self._alias) if otherwise != "settings" else None
        return dict(event, in_schema=schema)

    def _statement(self, sql: str, of_code: bool) -> str:
        """What may be shown of one that runs, made by the project's own code or by Django and a RunSQL."""
        given = frozenset() if of_code else shown.identifiers(sql)
        return failure.statement(sql, shown.Layers(self._known.names(), given), self._known, sizes=not of_code)

    def _steps(self) -> None:
        if not self._succeeds(self._load_settings, "settings") or self.request["databases"] is None:
            return
        if not self._succeeds(self._set_up, "settings"):
            return
        self._stage = "plan"
        if self.request["mode"] == "inspect":
            self._succeeds(self._history, "plan")
            return
        if self.request["mode"] == "idle":
            self._enter_schema()
            idle.run(self.request["names"], self._alias, self.writer.event)
            return
        self._history_if_readable()
        if self.request["mode"] == "survey":
            self._survey()
            return
        if self.request["mode"] in ("trial", "steps") and (not self._trial() or self.request["mode"] == "steps"):
            return
        if self.request.get("originals"):
            squashes.run_originals(self.request["originals"])
        with self._snapshots() as applied:
            error, _ran = self._migrate(applied)
        if error is not None:
            self.fail(error, "plan")
            return
        self._check_afterwards()

    def _trial(self) -> bool:
        def describe(error: BaseException) -> dict[str, Any]:
            return self.describe(error, "plan")

        migrations = Migrations(self.writer.event, self._statements)
        with self._statements.watching(), migrations.timing():
            return trial.run(self.request["steps"], self._alias, self.writer.event, describe)

    def _survey(self) -> None:
        """Nothing that it can go past ends it; what does is a failure like any other."""
        self._tell_files()
        going = survey.Survey(self._met, self.writer.event, self._readable)
        with self._snapshots() as applied, going.going_on():
            error, _ran = self._migrate(applied)
        if error is not None:
            self.fail(error, "plan")
        else:
            databases.forget_connections()
            with self._statements.watching():
                self._read_models(lambda failed, table: self._unreadable(failed, table, "met"))
        self.writer.event("surveyed")

    def _enter_schema(self) -> None:
        """Where one schema of several is asked for."""
        tenants.enter(self._alias, self.request.get("schema"))

    def _tell_files(self) -> None:
        from django.db import connections

        self._enter_schema()
        loader = files.loader(connections[self._alias])
        databases.forget_connections()
        for event in files.events(loader) if loader is not None else ():
            self.writer.event("file", **event)

    def _write_whole(self, error: BaseException) -> None:
        """All that it says, rows and all, for a run that is kept."""
        if self.request.get("whole"):
            path = os.path.splitext(self.request["trace"])[0] + ".txt"
            text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
            with open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as file:
                file.write(text.encode("utf-8", "backslashreplace"))

    def _met(self, error: BaseException, place: Place, index: int | None) -> None:
        self._write_whole(error)
        event = self._described(error, place.phase, place)
        self._look_up(event)
        self.writer.event("met", **dict(event, operation_index=index))

    def _readable(self, sql: str) -> str | None:
        """A statement that a fix may be made of: None where it holds a secret."""
        self._secrets.add_environment(os.environ)
        return sql if self._secrets.scrub(sql, self._known.names()) == sql else None

    @contextlib.contextmanager
    def _snapshots(self) -> Iterator[Callable[[str], None] | None]:
        """What to call after each migration; the catalog is told before the first and after the last as well."""
        query = self.request.get("catalog")
        if not query:
            yield None
            return
        taken = snapshots.Snapshots(self._alias, query["query"], query["settings"], self.writer.event)
        try:
            taken.take(None)
            yield taken.take
            taken.take("")
        finally:
            taken.close()

    def _succeeds(self, step: Callable[[], None], otherwise: str) -> bool:
        try:
            step()
        except (Exception, SystemExit) as error:
            if chain.is_probes_own(error):
                raise
            self.fail(error, otherwise)
            return False
        return True

    def _load_settings(self) -> None:
        self.writer.event("versions", **versions.found())
        settings = start.load_settings(self.request["settings"])
        self._secrets.add_settings({name: getattr(settings, name) for name in dir(settings) if name.isupper()})
        self.writer.event("settings", module=os.environ.get(start.SETTINGS))
        self._known.add_settings(settings)
        self._take_databases(settings)
        for row in databases.read_aliases(self._original or {}, self._alias):
            self.writer.event("alias", **row)

    def _take_databases(self, settings: Any) -> None:
        """Put the sandbox's values in the place of the project's, once, before anything can have connected."""
        if self._original is not None:
            return
        self._original = {name: dict(entry) for name, entry in settings.DATABASES.items()}
        self._hosts.add_settings({name: getattr(settings, name, None) for name in dir(settings) if name.isupper()})
        databases.take(settings, self.request["databases"], self._alias)
        if self.request.get("resets"):
            reset.take(settings, self.request["resets"], os.path.splitext(self.request["trace"])[0])

    def _set_up(self) -> None:
        import django

        django.setup()
        self._refuse_other_places("django.setup()")
        listen(self._server_notice)
        self.writer.event("dependency", minimum_database_version=versions.minimum_of_database(self._alias))

    def _history(self) -> None:
        from django.db import connections

        try:
            for alias in self._given:
                self._known.add_catalog(connections[alias])
            self.writer.event("tenants", schemas=tenants.schemas(self._alias))
            self._enter_schema()
            seen = history.History(connections[self._alias])
        finally:
            databases.forget_connections()
        self._known.add_migrations(seen.loader.disk_migrations.values())
        self._known.add(part for key in seen.recorded for part in key)
        self.writer.event("history", **seen.event())
        self._tell_tables(_state_before(seen))
        self.writer.event("data_dependent", operations=_data_dependent(seen, self.request["command"][0]))

    def _tell_tables(self, state: Any) -> None:
        from django.db import connections

        with contextlib.suppress(Exception):  # a router of the project's, for one; migrate says so
            self.writer.event("tables", **tables.event(connections[self._alias], state))
        databases.forget_connections()

    def _history_if_readable(self) -> None:
        """What stops it stops migrate too, and migrate is who says so: its checks come first, for one."""
        try:
            self._history()
        except (Exception, SystemExit):
            databases.forget_connections()

    def _migrate(self, applied: Callable[[str], None] | None = None) -> tuple[BaseException | None, tuple[str, ...]]:
        migrations = Migrations(self.writer.event, self._statements, applied)
        with self._statements.watching(), migrations.timing():
            error = command.run(self.request["command"], self._alias)
        return error, tuple(migrations.ran)

    def _check_afterwards(self) -> None:
        """Exit code 0 alone proves little: it must have nothing left to do, and its models must be readable."""
        if not self._succeeds(lambda: self._refuse_other_places(self.request["command"][0]), "settings"):
            return
        self._stage = "smoke"
        if self.request["replay"]:
            databases.forget_connections()
            error, ran = self._migrate()
            self.writer.event("second_migrate", names=list(ran))
            if error is not None:
                self.fail(error, "smoke", phase="smoke")
            self._report_left()
        if self.request["smoke"]:
            databases.forget_connections()
            with self._statements.watching():
                count = self._read_models(self._unreadable)
                self._warn_of_inserts()
            self.writer.event("models_read", count=count)

    def _read_models(self, failed: Callable[[Exception, str], None]) -> int:
        """In every schema that the command goes through. Returns how many could be read, the most of all schemas."""
        asked = self.request.get("schema")
        places = [asked] if asked else tenants.standing(self._alias) or ("",)
        counts = []
        for place in places:
            tenants.enter(self._alias, place)
            counts.append(smoke.read_models(self._alias, failed))
        return max(counts)

    def _warn_of_inserts(self) -> None:
        """Migrate passes it over; the code that runs afterwards does not."""
        with contextlib.suppress(Exception):  # what can't be asked is no reason to doubt what was found
            for table, column in smoke.refusing_columns(self._alias):
                what = "is NOT NULL, has no default, and no model knows it: the code's inserts fail"
                self._notice(f"{table}.{column} {what}")

    def _report_left(self) -> None:
        """By Django's own plan: a command that prints, checks or skips ends well too, having done nothing."""
        from django.db import connections

        databases.forget_connections()
        try:
            self._enter_schema()
            seen = history.History(connections[self._alias])
        except (Exception, SystemExit):
            return
        self.writer.event("left", names=[f"{step.app_label}.{step.name}" for step in seen.plan])

    def _refuse_other_places(self, who: str) -> None:
        from django.core.exceptions import ImproperlyConfigured

        changed = databases.changed_alias({self._alias: {}, **self._given})
        if changed is not None:
            raise ImproperlyConfigured(f"{who} pointed {changed!r} away from the sandbox")

    def _unreadable(self, error: Exception, table: str, event_name: str = "failure") -> None:
        from django.db import connections

        self._known.add([table])
        event = failure.describe(error, "smoke", self._statements, self._known)
        connections[self._alias].close()  # the wrapper stays, watched; the next model gets a new session
        said = event["relation"] if event["sqlstate"] == "42P01" else None
        event.update(phase="smoke", relation=said or table, in_schema=tenants.working_schema(self._alias))
        self._look_up(event)
        self.writer.event(event_name, **event)

    def _look_up(self, event: dict[str, Any]) -> None:
        if event["relation"] and not event["schema_name"]:
            event["schema_name"] = catalog.schema_of(self._alias, event["relation"], event.get("in_schema"))
        if failure.is_denied(event):
            event.update(catalog.denied(self._alias, event["message"], event["relation"]))

    def _saw_statement(self, sql: str, parameters: Any) -> None:
        if DDL.match(sql) and not failure.runs_project_code():
            self._known.add(shown.identifiers(sql))
        for address in server.addresses(sql, parameters):
            self._watch.saw("server", address)

    def _attempt(self, kind: str, address: str) -> None:
        self.writer.event("attempt", kind=kind, address=self._hosts.shown(address))

    def _notice(self, text: str) -> None:
        self.writer.event("notice", text=text)

    def _server_notice(self, text: str) -> None:
        near, words = self._known.names(), self._known.language()
        said = [shown.message(part, forms.of_server(), near, words) for part in text.split("; ")]
        if any(map(shown.hides, said)):
            names = shown.Layers(near, self._known.of_loaded(failure.is_library_file))
            said = [shown.message(part, forms.of_server(), names, words) for part in text.split("; ")]
        self._notice("; ".join(said))


def _given_names(request: dict[str, Any]) -> list[str]:
    """What the scenario says, and what the sandbox is made of."""
    sandbox = [str(entry[key]) for entry in (request["databases"] or {}).values() for key in ("NAME", "USER")]
    words = [word for argument in request["command"] for word in (argument, *argument.split("."))]
    return [request["alias"], request["settings"] or "", request["manage"] or "", *sandbox, *words]


def _state_before(seen: history.History) -> Any:
    """None where the recorded migrations' own state can't be computed."""
    try:
        return seen.state_before()
    except Exception:
        return None


def _data_dependent(seen: history.History, name: str) -> Any:
    """None where the plan's own state can't be computed: migrate fails there too."""
    try:
        return operations.data_dependent(seen.plan, seen.state_before()) + signals.own_code(name)
    except Exception:
        return None


def _flush(stream: Any) -> None:
    try:
        stream.flush()
    except Exception:
        return
