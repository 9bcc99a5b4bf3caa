"""What a private copy of a database takes: as a person makes it (``createdb -T``), and as a fork of the server.

    python benchmarks/forks_against_copies.py [embedded|docker ...] [--megabytes 64 256 1024] [--rounds N]

Both are made of one database in one run, and one row is written to each. The size at which a fork takes less time is
what ``LARGE`` in ``simulator/baseline.py`` stands on.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from simulator import engines
from simulator.engines.base import Environment
from simulator.engines.plan import SUPERUSER, Interpreter, Plan, Requirements
from simulator.host import store
from simulator.postgres import database

FILL = "CREATE TABLE filler AS SELECT n, repeat(md5(n::text), 30) AS text FROM generate_series(1, {}) n"
ROWS_A_MEGABYTE = 1_000  # of about a kilobyte each


def main() -> int:
    """Measure each engine that was asked for and print a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engines", nargs="*", default=["embedded", "docker"])
    parser.add_argument("--megabytes", type=int, nargs="+", default=[64, 256, 1024])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    heads = ("size", "createdb -T", "fork", "ratio")
    print(f"{'engine':<10}{''.join(f'{head:>13}' for head in heads)}   medians of {options.rounds}")
    for name in options.engines:
        with tempfile.TemporaryDirectory() as folder, store.open_run() as run:
            with engines.engine(name).open(plan(name, Path(folder)), run) as environment:
                for size in options.megabytes:
                    copy, fork = measured(environment, size, options.rounds)
                    figures = (f"{size} MB", f"{copy:.2f} s", f"{fork:.2f} s", f"{fork / copy:.2f}")
                    print(f"{name:<10}{''.join(f'{figure:>13}' for figure in figures)}", flush=True)
    return 0


def plan(engine: str, folder: Path) -> Plan:
    """A server, and nothing that would have to be installed."""
    requirements = folder / "requirements.txt"
    requirements.write_text("")
    dependencies = Requirements((requirements,)) if engine == "docker" else Interpreter(Path(sys.executable))
    return Plan("benchmark", 15, 15, dependencies, project=folder, tree=folder)


def measured(environment: Environment, megabytes: int, rounds: int) -> tuple[float, float]:
    """Seconds of a copy and of a fork, up to its first row."""
    admin_at = environment.address("postgres", SUPERUSER)
    with database.connect(admin_at) as admin:
        admin.execute(f"CREATE DATABASE full_{megabytes}".encode())
    with database.connect(environment.address(f"full_{megabytes}", SUPERUSER)) as connection:
        connection.execute(FILL.format(megabytes * ROWS_A_MEGABYTE).encode())
    copies, forks = [], []
    for number in range(rounds):
        started = time.monotonic()
        with database.connect(admin_at) as admin:
            admin.execute(f"CREATE DATABASE copy_{number} TEMPLATE full_{megabytes}".encode())
        write_to(environment, f"copy_{number}")
        copies.append(time.monotonic() - started)
        with database.connect(admin_at) as admin:
            database.drop(admin, f"copy_{number}")
        started = time.monotonic()
        with database.connect(admin_at) as admin:
            database.checkpoint(admin)
        if environment.fork([f"full_{megabytes}"]) is None:
            raise SystemExit("this machine can't layer a data directory")
        write_to(environment, f"full_{megabytes}")
        forks.append(time.monotonic() - started)
        environment.end_fork(f"full_{megabytes}")
    return statistics.median(copies), statistics.median(forks)


def write_to(environment: Environment, name: str) -> None:
    with database.connect(environment.address(name, SUPERUSER)) as connection:
        connection.execute("INSERT INTO filler VALUES (0, '')")


if __name__ == "__main__":
    sys.exit(main())
