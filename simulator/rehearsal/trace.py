"""What the probe is asked and what it says: its request as JSON, its trace as values.

``probe/README.md`` describes both formats.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from simulator.model import (
    Address,
    Alias,
    Attempt,
    CodeRun,
    Delta,
    Failure,
    History,
    Met,
    MigrationFile,
    MigrationOperation,
    MigrationRun,
    Phase,
    Position,
    Ran,
    Step,
    StepRun,
    Survey,
    Tables,
    Trace,
)
from simulator.postgres import catalog
from simulator.postgres.sqlstate import FEATURE_NOT_SUPPORTED, UNDEFINED_FILE, is_environmental
from simulator.wording import some

VERSION = 1

UNREACHABLE = (
    *("ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EPIPE", "ETIMEDOUT"),
    *("ENETUNREACH", "ENETDOWN", "EHOSTUNREACH", "EHOSTDOWN", "EADDRNOTAVAIL"),
)
CONNECTING = ("ConnectionError", "gaierror", "herror", "TimeoutError", "timeout")
# An extension that the server lacks: 0A000 "is not available" (15 and later), 58P01 no control file (before).
EXTENSION_MISSING = (FEATURE_NOT_SUPPORTED, UNDEFINED_FILE)


Mode = Literal["inspect", "migrate", "reference", "survey", "trial", "steps", "idle"]


@dataclass(frozen=True)
class Request:
    """One run of the probe. Paths are those of the place where the project's Python runs.

    ``databases`` None asks for the settings alone: its aliases, with no database touched. Otherwise it holds an
    address for every PostgreSQL alias that shares with no other; what isn't in it gets a backend that only errors.
    """

    mode: Mode
    trace: str
    manage: str | None = "manage.py"
    settings: str | None = None
    alias: str = "default"
    databases: Mapping[str, Address] | None = None
    command: Sequence[str] = ("migrate",)
    replay: bool = True
    smoke: bool = True
    guard: bool = False
    catalog: bool = False  # tell what each migration changes in the catalog
    steps: Sequence[Step] = ()  # mode trial: what comes before the command; mode steps: all that is run
    resets: Sequence[str] = ()  # apps whose migration files are taken as deleted
    originals: Sequence[str] = ()  # mode reference: squashes in whose place what they replace is run
    whole: bool = False  # write every error in full to a file beside the trace
    schema: str | None = None  # of several schemas the one that is asked for
    names: Sequence[str] = ()  # mode idle: migrations whose code is run once more


def request_json(request: Request) -> str:
    """The request as the probe reads it. It holds the sandbox's password: for a private folder only."""
    databases = request.databases
    return json.dumps(
        {
            "v": VERSION,
            "mode": request.mode,
            "trace": request.trace,
            "manage": request.manage,
            "settings": request.settings,
            "alias": request.alias,
            "databases": None if databases is None else {name: _place(at) for name, at in databases.items()},
            "command": list(request.command),
            "replay": request.replay,
            "smoke": request.smoke,
            "guard": request.guard,
            "catalog": {"query": catalog.QUERY, "settings": dict(catalog.SETTINGS)} if request.catalog else None,
            "steps": [{"manage": list(step.manage)} if step.manage else {"sql": step.sql} for step in request.steps],
            "resets": list(request.resets),
            "originals": list(request.originals),
            "schema": request.schema,
            "names": list(request.names),
            "whole": request.whole,
        }
    )


def read(text: str) -> Trace:
    """The trace as far as it goes. It is complete only when every line is of our version and the last is ``end``."""
    lines = [line for line in text.split("\n") if line]
    events = [_event(line) for line in lines]
    known = [event for event in events if event is not None]
    complete = bool(events) and len(known) == len(events) and known[-1]["event"] == "end"
    return _Reading(known).trace(complete)


@dataclass(frozen=True)
class _Reading:
    """The events by name."""

    events: Sequence[Mapping[str, Any]]
    attempts: tuple[Attempt, ...] = field(init=False)

    def __post_init__(self) -> None:
        found = dict.fromkeys(Attempt(each["kind"], each["address"]) for each in self.all("attempt"))
        object.__setattr__(self, "attempts", tuple(found))

    def all(self, name: str) -> list[Mapping[str, Any]]:
        return [event for event in self.events if event["event"] == name]

    def first(self, name: str) -> Mapping[str, Any]:
        return next(iter(self.all(name)), {})

    def trace(self, complete: bool) -> Trace:
        return Trace(
            complete=complete,
            versions=_texts(self.first("versions")),
            aliases=tuple(_alias(each) for each in self.all("alias")),
            settings_module=self.first("settings").get("module"),
            history=_history(self.first("history")),
            migrations=self._migrations(),
            failure=self._failure(),
            attempts=self.attempts,
            notices=tuple(dict.fromkeys(each["text"] for each in self.all("notice"))),
            second_migrate=_names(self.first("second_migrate"), "names"),
            models_read=self.first("models_read").get("count"),
            left=_names(self.first("left"), "names"),
            data_dependent=_names(self.first("data_dependent"), "operations"),
            dependency=_texts(self.first("dependency")),
            files=tuple(_file(each) for each in self.all("file")),
            deltas=tuple(_delta(each) for each in self.all("delta")),
            survey=self._survey() if self.all("surveyed") else None,
            steps=tuple(self._step(each) for each in self.all("step")),
            tables=_tables(self.first("tables")),
            tenants=_names(self.first("tenants"), "schemas"),
            position=None if complete else self._position(),
            idle=tuple(each["name"] for each in self.all("idle") if not (each["failed"] or each["wrote"])),
            lacks_variable=(self.first("failure").get("facts") or {}).get("missing_variable"),
            lacks_module=(self.first("failure").get("facts") or {}).get("missing_module"),
        )

    def _migrations(self) -> tuple[MigrationRun, ...]:
        """As they ran the first time; one that was begun and never told of again is unfinished."""
        runs: dict[str, MigrationRun] = {}
        for event in self.events:
            if event["event"] == "second_migrate":
                break
            if event["event"] == "applying":
                runs[event["name"]] = MigrationRun(event["name"], 0.0, 0, finished=False)
            elif event["event"] == "migration":
                runs[event["name"]] = MigrationRun(
                    event["name"], event["seconds"], event["statements"], event["finished"]
                )
        return tuple(runs.values())

    def _position(self) -> Position | None:
        """The last that was told. Code that lets no other thread run tells none, but the migration was begun."""
        found: Position | None = None
        for event in self.events:
            if event["event"] == "at":
                names = ("migration", "operation", "sql", "line", "after")
                found = Position(Phase(event["phase"]), **{name: event[name] for name in names})
            elif event["event"] == "applying" and (found is None or found.migration != event["name"]):
                after = found.after if found else 0.0
                found = Position(Phase.OPERATION, event["name"], after=event.get("after", after))
        return found

    def _survey(self) -> Survey:
        return Survey(
            met=tuple(Met(_failure(each, self.attempts), each.get("operation_index")) for each in self.all("met")),
            ran=tuple(
                Ran(each["migration"], each["operation_index"], each["sql"], each["deferred"], each["run_sql"])
                for each in self.all("ran")
            ),
            code_runs=tuple(
                CodeRun(each["migration"], each["operation_index"], each["rows_changed"])
                for each in self.all("code_run")
            ),
        )

    def _step(self, event: Mapping[str, Any]) -> StepRun:
        failed = event.get("failure")
        return StepRun(event["index"], event["seconds"], _failure(failed, self.attempts) if failed else None)

    def _failure(self) -> Failure | None:
        """The first that was met; a second migrate that still found work is one, though nothing was raised."""
        for event in self.events:
            if event["event"] == "failure":
                return _failure(event, self.attempts)
            if event["event"] == "second_migrate" and event["names"]:
                return _still_pending(event["names"])
        return None


def note_unfilled_alias(trace: Trace, unfilled: Sequence[str]) -> Trace:
    """After a failure in a database that only the sandbox left empty: the trace with that said in it."""
    failure = trace.failure
    if failure is None or failure.sandbox or failure.alias not in unfilled:
        return trace
    why = f"it was met in the database of alias {failure.alias}, which is empty: `baselines:` has no steps for it"
    return replace(trace, failure=replace(failure, sandbox=why))


def doubt_failure(trace: Trace, why: str | None) -> Trace:
    """The trace with that said in its failure: the sandbox, not the code or the database, may be the reason."""
    if why is None or trace.failure is None or trace.failure.sandbox:
        return trace
    return replace(trace, failure=replace(trace.failure, sandbox=why))


def name_owner(trace: Trace, owner: str) -> Trace:
    """After a refusal (42501) of a relation: the trace with its owner named in its failure."""
    failure = trace.failure
    if failure is None:
        return trace
    denied = f"{failure.relation} belongs to {owner}"
    return replace(trace, failure=replace(failure, denied=denied, denied_owner=owner, denied_by_database=False))


def unseen_history(places: Sequence[str], history: History | None) -> str | None:
    """A history where the project does not look, and none where it does: migrate starts anew beside it.

    ``places`` are the schemas that hold a django_migrations.
    """
    if history is None or history.recorded or not places or history.schemas is None:
        return None
    if not set(places).isdisjoint(history.schemas):
        return None
    where, path = ", ".join(places), ", ".join(history.schemas)
    return f"django_migrations is in the schema {where}, where the project does not look ({path}): migrate starts anew"


def name_all_missing(trace: Trace, variables: Sequence[str], further: Trace) -> Trace:
    """The trace of settings that fail for want of a variable, with every one named that they fail without.

    ``further``: their trace with something in the place of all of these.
    """
    if trace.failure is None:
        return trace
    given = " ".join(f"--env {name}=VALUE" for name in variables)
    which = f"variable{'s' if len(variables) > 1 else ''} {some(variables, most=len(variables))}"
    module = f", and then the module {further.lacks_module}, which is not installed" if further.lacks_module else ""
    why = f"the settings need the environment {which}{module}: {given}"
    return replace(trace, failure=replace(trace.failure, sandbox=why))


def _event(line: str) -> Mapping[str, Any] | None:
    """None for a line that was cut, or that another version wrote."""
    try:
        event = json.loads(line)
    except json.JSONDecodeError:
        return None
    return event if isinstance(event, dict) and event.get("v") == VERSION and "event" in event else None


def _failure(event: Mapping[str, Any], attempts: Sequence[Attempt]) -> Failure:
    names = ("migration", "operation", "sqlstate", "relation", "schema_name", "table_name", "column_name")
    others = ("constraint_name", "sql", "source", "raised_from", "alias", "denied", "in_schema")
    texts = {name: event.get(name) for name in (*names, *others)}
    return Failure(
        exception=event["exception"],
        message=event["message"],
        phase=Phase(event["phase"]),
        sandbox=_sandbox(event, attempts),
        denied_owner=event.get("denied_owner"),
        denied_by_database=bool(event.get("denied_by_database")),
        **texts,
    )


def _still_pending(names: Sequence[str]) -> Failure:
    return Failure(
        exception="",
        message=f"a second migrate still had to run {', '.join(names)}",
        phase=Phase.SMOKE,
        migration=names[0],
    )


def _sandbox(event: Mapping[str, Any], attempts: Sequence[Attempt]) -> str | None:
    """Why the sandbox may be the reason of a failure, not the code or the database; None: it can't be."""
    facts = event.get("facts") or {}
    state = event.get("sqlstate") or ""
    if facts.get("creates_extension") and state in EXTENSION_MISSING:
        return f"the sandbox's server lacks the extension {facts['creates_extension']}"
    if facts.get("other_backend"):
        return "the project's code uses a database that is not PostgreSQL, and that is not rehearsed"
    if any(_is_unreachable(link, facts) for link in facts.get("chain", ())):
        return f"a connection failed: {_places(attempts)}"
    if is_environmental(state):
        return f"the sandbox's server or its resources, SQLSTATE {state}" + (
            f": {_places(attempts)}" if attempts else ""
        )
    return _settings_reason(event, facts) if event["phase"] == Phase.SETTINGS else None


def _settings_reason(event: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    if facts.get("old_python"):
        return str(event["message"])
    if facts.get("missing_variable"):
        name = facts["missing_variable"]
        return f"the settings need the environment variable {name}: --env {name}=VALUE"
    if facts.get("missing_module"):
        return f"the settings need the module {facts['missing_module']}, which is not installed"
    return f"the project's settings do not load: {event['exception']}: {event['message']}"


def _is_unreachable(link: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    """A refused or lost connection: a socket's, or a driver's (libpq's errors to connect carry no SQLSTATE).

    Without one a driver also refuses to send a statement (too many parameters); the connection is then still open.
    """
    bases = link.get("bases", ())
    if link.get("driver"):
        return "OperationalError" in bases and not link.get("sqlstate") and not facts.get("connection_open")
    if link.get("errno") in UNREACHABLE or any(name in bases for name in CONNECTING):
        return True
    # A unix socket that isn't there: connect() names no file, open() does.
    return link.get("errno") in ("ENOENT", "EACCES") and not link.get("about_file")


def _places(attempts: Sequence[Attempt]) -> str:
    return ", ".join(attempt.address for attempt in attempts) or "the sandbox's own server"


def _place(address: Address) -> Mapping[str, str]:
    return {
        "HOST": address.host,
        "PORT": str(address.port),
        "NAME": address.dbname,
        "USER": address.user,
        "PASSWORD": address.password,
    }


def _alias(event: Mapping[str, Any]) -> Alias:
    return Alias(event["name"], event["engine"], event["vendor"], event.get("same_as"), event.get("user"))


def _history(event: Mapping[str, Any]) -> History | None:
    if not event:
        return None
    return History(
        recorded=event["recorded"],
        applied=tuple(event["applied"]),
        pending=tuple(event["pending"]),
        not_on_disk=tuple(event["not_on_disk"]),
        renamed=event["renamed"],
        schemas=tuple(event["schemas"]),
    )


def _file(event: Mapping[str, Any]) -> MigrationFile:
    return MigrationFile(
        name=event["name"],
        parents=tuple(event["parents"]),
        named=tuple(event["named"]),
        replaces=tuple(event["replaces"]),
        atomic=event["atomic"],
        initial=event["initial"],
        path=event["path"],
        operations=tuple(_operation(each) for each in event["operations"]),
    )


def _operation(event: Mapping[str, Any]) -> MigrationOperation:
    sql = event.get("sql")
    return MigrationOperation(**{**event, "sql": None if sql is None else tuple(sql)})


def _tables(event: Mapping[str, Any]) -> Tables | None:
    names = ("recorded", "recorded_there", "code", "code_there")
    return Tables(**{name: event[name] for name in names}) if event else None


def _delta(event: Mapping[str, Any]) -> Delta:
    return Delta(event["migration"], *(frozenset(catalog.facts(event[key])) for key in ("added", "removed")))


def _names(event: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    """None where the event never came, or could not say."""
    found = event.get(key)
    return None if found is None else tuple(found)


def _texts(event: Mapping[str, Any]) -> Mapping[str, str]:
    return {key: value for key, value in event.items() if key not in ("v", "event") and value is not None}
