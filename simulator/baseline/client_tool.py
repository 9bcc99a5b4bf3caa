"""One client program of PostgreSQL run against one database, and what the server logged of it."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import BinaryIO

from simulator.baseline.restore_errors import LogRow, read_log
from simulator.engines.base import Environment
from simulator.engines.plan import SUPERUSER
from simulator.errors import CannotTell
from simulator.model import Outcome
from simulator.postgres import database

# The database under restore may have been told, by its dump, to keep its errors to itself.
_LOGGED = "-c log_min_messages=warning -c log_min_error_statement=error"
_LOG_PATIENCE = 15.0  # seconds; the log is written by a process of its own


@dataclass(frozen=True)
class Tool:
    """One client program against one database. ``mark`` is its application_name, by which the log tells it."""

    environment: Environment
    dbname: str
    user: str = SUPERUSER
    mark: str = field(default_factory=lambda: f"migsim-{secrets.token_hex(6)}")

    def run(self, argv: tuple[str, ...], stdin: BinaryIO | None = None) -> Outcome:
        address = self.environment.inside(self.dbname, self.user)
        settings = {
            "PGHOST": address.host,
            "PGPORT": str(address.port),
            "PGUSER": address.user,
            "PGDATABASE": address.dbname,
            "PGAPPNAME": self.mark,
            "LC_ALL": "C",
            **({"PGOPTIONS": _LOGGED} if self.user == SUPERUSER else {}),  # nobody else may set these
            **({"PGPASSWORD": address.password} if address.password else {}),
        }
        return self.environment.run("server", argv, environment=settings, stdin=stdin)

    def errors(self) -> list[LogRow]:
        """What the server logged for this tool, once everything up to now is written."""
        return [row for row in read_log(_log_up_to_now(self.environment)) if row.application == self.mark]


def complaint(outcome: Outcome, tool: str) -> str:
    """The tool's own last complaint; what it repeats of the server's may quote rows."""
    own = [
        line for line in outcome.stderr.splitlines() if line.startswith(f"{tool}: error: ") and "ERROR: " not in line
    ]
    return own[-1].removeprefix(f"{tool}: error: ") if own else f"exit code {outcome.code}"


def _log_up_to_now(environment: Environment) -> str:
    """The collector writes on its own time but in order: a line of ours, logged last, tells that all is there."""
    last = f"migsim-{secrets.token_hex(8)}"
    with database.connect(environment.address("postgres", SUPERUSER)) as admin:
        admin.execute("SET log_min_messages TO warning")
        admin.execute(f"DO $$ BEGIN RAISE LOG '{last}'; END $$".encode())
    deadline = time.monotonic() + _LOG_PATIENCE
    while last not in (log := environment.server_log()):
        if time.monotonic() > deadline:
            raise CannotTell("the throwaway server's log can't be read to its end", "migsim doctor")
        time.sleep(0.02)
    return log
