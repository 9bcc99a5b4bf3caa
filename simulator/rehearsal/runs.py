"""One traced run of the project's own Django in an environment: put the probe in, run it, read its trace."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from urllib.parse import quote

from simulator.engines.base import Environment
from simulator.engines.plan import SUPERUSER
from simulator.errors import TimedOut
from simulator.model import Address, Outcome, Step, Trace
from simulator.rehearsal import trace
from simulator.rehearsal.hang import Hung, Watch, hung
from simulator.rehearsal.trace import Request, name_all_missing
from simulator.sources.trees import Tree

NOBODY = "nobody"  # whom settings that take it from the environment connect as, before there is a database
PROBE = Path(__file__).resolve().parents[1] / "probe"

# What is put in the place of a variable, to see what else is missing: a number, a truth and a text.
STANDS_IN = "1"
MOST_VARIABLES = 40


@dataclass
class Rehearsals:
    """Runs the probe in one environment. The probe is put there once, and each tree of code once."""

    environment: Environment
    settings: str | None
    alias: str
    command: tuple[str, ...]
    work: Path  # a folder of the run on this machine
    own_code: bool  # the environment brings the project's code itself, so no tree is put there
    schema: str | None = field(default=None, kw_only=True)  # of several the one that is rehearsed
    scheme: str  # what DATABASE_URL begins with: settings derive ENGINE from it, or compare it
    in_full: Path | None = None  # where errors go as they are, rows and all: a file of the run, for --keep
    _numbers: count[int] = field(default_factory=lambda: count(1))
    _places: dict[Path, str] = field(default_factory=dict)

    def settings_only(self, code: Tree) -> Trace:
        """Load the project's settings and report its aliases; no database is touched.

        Where they fail for want of an environment variable, they are loaded again with something in its place, until
        they lack no more: all are named at once.
        """
        asked = replace(self._request(None), mode="inspect")
        first = trace = self._run(code, asked)
        lacking: list[str] = []
        while trace.lacks_variable and trace.lacks_variable not in lacking and len(lacking) < MOST_VARIABLES:
            lacking.append(trace.lacks_variable)
            trace = self._run(code, asked, dict.fromkeys(lacking, STANDS_IN))
        return name_all_missing(first, lacking, trace) if lacking else first

    def inspect(self, code: Tree, databases: Mapping[str, Address]) -> Trace:
        """Read the history against the files; nothing is migrated."""
        return self._run(code, replace(self._request(databases), mode="inspect"))

    def migrate(self, code: Tree, databases: Mapping[str, Address], *, checks: bool = True) -> Trace:
        """Run the project's command. ``checks``: when it exited 0, once more, and select from every model."""
        return self._run(code, replace(self._request(databases), replay=checks, smoke=checks))

    def reference(self, code: Tree, databases: Mapping[str, Address], originals: Sequence[str] = ()) -> Trace:
        """Run the whole command on databases with nothing in them, and tell what each migration makes there.

        ``originals``: squashes in whose place what they replace is run.
        """
        asked = replace(self._request(databases), mode="reference", smoke=True, catalog=True, originals=originals)
        return self._run(code, replace(asked, command=(self.command[0], *self._schema_option)))

    def survey(self, code: Tree, databases: Mapping[str, Address]) -> Trace:
        """Run the command past its errors; nothing of what it says decides a verdict."""
        return self._run(code, replace(self._request(databases), mode="survey", catalog=True))

    def trial(
        self, code: Tree, databases: Mapping[str, Address], steps: Sequence[Step], resets: Sequence[str] = ()
    ) -> Trace:
        """The steps of a fix, then the command with every check.

        ``resets``: apps whose migrations are taken as deleted; new ones that a step makes are gone with the run.
        """
        asked = replace(self._request(databases), mode="trial", replay=True, smoke=True)
        return self._run(code, replace(asked, steps=steps, resets=resets))

    def steps(self, code: Tree, databases: Mapping[str, Address], steps: Sequence[Step]) -> Trace:
        """Steps of a fix alone, as far as they go."""
        return self._run(code, replace(self._request(databases), mode="steps", steps=steps))

    def idle(self, code: Tree, databases: Mapping[str, Address], names: Sequence[str]) -> Trace:
        """Run what those migrations do besides the schema, on a database on which they count as applied."""
        return self._run(code, replace(self._request(databases), mode="idle", names=names))

    def script(self, code: Tree, databases: Mapping[str, Address], text: str, *options: str) -> Outcome:
        """A fix's script as a person would run it, with ``MANAGE`` leading to these databases."""
        number = next(self._numbers)
        path = self.work / f"fix-{number}.sh"
        path.write_text(text)
        manage = (self.environment.python, f"{self._place(PROBE)}/as_manage.py")
        return self.environment.run(
            "project",
            ("sh", self.environment.put("project", path), *options),
            cwd=self._folder(code),
            environment={
                **_libpq(databases[self.alias], self.scheme),
                "MANAGE": shlex.join(manage),
                "MIGSIM_SANDBOX": self._put(self._request(databases), number),
            },
        )

    @property
    def _schema_option(self) -> tuple[str, ...]:
        return () if self.schema is None else (f"--schema={self.schema}",)

    def _request(self, databases: Mapping[str, Address] | None) -> Request:
        """What every run of the probe has in common."""
        return Request(
            mode="migrate",
            trace="",
            manage="manage.py",
            settings=self.settings,
            alias=self.alias,
            databases=databases,
            command=(*self.command, *self._schema_option),
            schema=self.schema,
            smoke=False,
            replay=False,
            guard=not self.environment.confined,
            whole=self.in_full is not None,
        )

    def _run(self, code: Tree, request: Request, more: Mapping[str, str] | None = None) -> Trace:
        """``more``: environment variables beside the scenario's. Raises Hung where the time is over before its end."""
        number = next(self._numbers)
        path = f"{self.environment.scratch('project')}/trace-{number}.jsonl"
        command = (
            self.environment.python,
            f"{self._place(PROBE)}/run.py",
            self._put(replace(request, trace=path), number),
        )
        watch, started = self._watch(request.databases), time.monotonic()
        try:
            with watch.looking():
                outcome = self.environment.run(
                    "project",
                    command,
                    cwd=self._folder(code),
                    environment={**_libpq(self._address(request.databases), self.scheme), **(more or {})},
                )
        except TimedOut as over:
            seconds = time.monotonic() - started
            raise Hung(hung(self._read(path, request), seconds, watch.activity), over) from over
        self._keep_whole(f"{path.removesuffix('.jsonl')}.txt")
        read = self._read(path, request)
        return read if read.complete else replace(read, ended=_how(outcome.code))

    def _watch(self, databases: Mapping[str, Address] | None) -> Watch:
        """Of the database under rehearsal, where the names of its relations are known."""
        place = self.environment.address(databases[self.alias].dbname, SUPERUSER) if databases else None
        return Watch(place, [address.dbname for address in (databases or {}).values()])

    def _keep_whole(self, path: str) -> None:
        if self.in_full is None:
            return
        with contextlib.suppress(FileNotFoundError):
            said = self.environment.read("project", path)
            with open(os.open(self.in_full, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as file:
                file.write(said)

    def _put(self, request: Request, number: int) -> str:
        order = self.work / f"request-{number}.json"
        order.write_text(trace.request_json(request))
        return self.environment.put("project", order)

    def _address(self, databases: Mapping[str, Address] | None) -> Address:
        """Settings may refuse to load without one, or say what they connect to by it alone; nobody may connect yet."""
        return databases[self.alias] if databases else self.environment.inside("none_yet", NOBODY)

    def _read(self, path: str, request: Request) -> Trace:
        """Without the names of the copies, which are the run's own: what they stand for has another in production."""
        try:
            text = self.environment.read("project", path).decode("utf-8", "replace")
        except FileNotFoundError:
            return Trace(complete=False)
        names = {re.escape(address.dbname) for address in (request.databases or {}).values()}
        return trace.read(re.sub(rf"\b(?:{'|'.join(sorted(names))})\b", "…", text) if names else text)

    def _folder(self, code: Tree) -> str | None:
        """manage.py's folder as the place sees it; None: the place's own working directory."""
        if self.own_code:
            return None
        inside = code.project.resolve().relative_to(code.root.resolve())
        return str(Path(self._place(code.root)) / inside)

    def _place(self, folder: Path) -> str:
        if folder not in self._places:
            self._places[folder] = self.environment.put("project", folder)
        return self._places[folder]


def _how(code: int) -> str:
    """In words. A process in a container, or below another one, tells the signal that ended it as 128 + its number."""
    number = -code if code < 0 else code - 128
    if number == signal.SIGKILL:
        return "killed; was there memory enough?"
    with contextlib.suppress(ValueError):
        return f"by {signal.Signals(number).name}"
    return f"with exit code {code}"


def _libpq(address: Address, scheme: str) -> dict[str, str]:
    """What libpq and the usual settings helpers read, so that both mean the sandbox."""
    where = quote(address.host, safe="")
    return {
        "PGHOST": address.host,
        "PGPORT": str(address.port),
        "PGUSER": address.user,
        "PGDATABASE": address.dbname,
        "DATABASE_URL": f"{scheme}://{address.user}@{where}:{address.port}/{address.dbname}",
    }
