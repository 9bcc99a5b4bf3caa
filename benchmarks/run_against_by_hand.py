"""``migsim run healthy`` against the same steps typed by hand, in one run: start a server, restore, migrate.

    python benchmarks/run_against_by_hand.py [embedded|docker ...] [--rounds N]

Both sides start cold (no server is up) with what is slow to make cached (images, the virtual environment), take
turns, and migrate the sample shop on its dump. Prints the median seconds, migsim's overhead and the ratio.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import pwd
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from uv import find_uv_bin

from simulator.engines.embedded import binaries
from simulator.engines.embedded.users import server_user

ROOT = Path(__file__).resolve().parents[1]
SHOP = ROOT / "scenarios" / "sample" / "shop"
DUMPS = ROOT / "scenarios" / "sample" / "dumps"
DUMP = DUMPS / "release-1.2.dump"
SERVER_IMAGE, PYTHON_IMAGE = "postgres:15", "python:3.11-slim"
SETTINGS = """
from config.settings import *
DATABASES["default"].update(NAME="shop", USER="postgres", PASSWORD="", HOST={host!r}, PORT="5432")
"""


def main() -> None:
    """Measure each engine that was asked for and print its line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engines", nargs="*", default=["embedded", "docker"])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"{'engine':<10}{'by hand':>10}{'migsim':>10}{'overhead':>10}{'ratio':>8}   medians of {options.rounds}")
    for engine in options.engines:
        with {"embedded": embedded_by_hand, "docker": docker_by_hand}[engine]() as by_hand:
            hand, ours = take_turns(by_hand, functools.partial(migsim, engine), options.rounds)
        print(f"{engine:<10}{hand:>8.2f} s{ours:>8.2f} s{ours - hand:>8.2f} s{ours / hand:>8.2f}", flush=True)


def take_turns(first: Callable[[], None], second: Callable[[], None], rounds: int) -> tuple[float, float]:
    """The median seconds of each, after one turn that fills the caches and does not count."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds + 1):
        for times_of_one, run in zip(times, (first, second), strict=True):
            started = time.monotonic()
            run()
            times_of_one.append(time.monotonic() - started)
    return statistics.median(times[0][1:]), statistics.median(times[1][1:])


def migsim(engine: str) -> None:
    """The whole command, from its start to its exit code."""
    sh([sys.executable, "-m", "simulator", "run", "healthy", "--engine", engine], cwd=ROOT)


@contextlib.contextmanager
def embedded_by_hand(dump: Path = DUMP, exits: int = 0) -> Iterator[Callable[[], None]]:
    """initdb, pg_ctl start, createdb, pg_restore, migrate, pg_ctl stop; with PostgreSQL's own defaults.

    ``exits``: what migrate exits with on that dump.
    """
    installed = binaries.installations()[0].bindir
    with scratch() as folder:
        venv = folder / "venv"
        sh([find_uv_bin(), "venv", "--quiet", str(venv)])
        install = [find_uv_bin(), "pip", "install", "--quiet", "--compile-bytecode", "--python", str(venv)]
        sh([*install, "-r", str(SHOP / "requirements.txt")])

        def run() -> None:
            base = Path(tempfile.mkdtemp(dir=folder))
            give(base)
            data, sockets = base / "data", base / "s"
            as_server([installed / "initdb", "-D", data, "-U", "postgres", "-A", "trust"])
            as_server(["mkdir", sockets])
            as_server([installed / "pg_ctl", "-D", data, "-w", "-l", base / "log", "start",
                       "-o", f"-c listen_addresses= -c unix_socket_directories={sockets}"])  # fmt: skip
            try:
                restore(installed, sockets, dump)
                migrate([venv / "bin" / "python"], code_with_settings(base / "code", str(sockets)), exits)
            finally:
                as_server([installed / "pg_ctl", "-D", data, "-m", "fast", "stop"])
                shutil.rmtree(base)

        yield run


def restore(bindir: Path, sockets: Path, dump: Path) -> None:
    to_server = ["-h", str(sockets), "-U", "postgres"]
    sh([bindir / "createdb", *to_server, "shop"])
    sh([bindir / "pg_restore", *to_server, "--no-owner", "--no-acl", "-d", "shop", dump])


def migrate(python: Sequence[str | Path], code: Path, exits: int) -> None:
    sh([*python, "manage.py", "migrate", "--settings", "by_hand"], cwd=code, exits=exits)


def code_with_settings(folder: Path, host: str) -> Path:
    """The shop's code, with the settings that a person would write to reach that server."""
    shutil.copytree(SHOP, folder)
    (folder / "by_hand.py").write_text(SETTINGS.format(host=host))
    return folder


@contextlib.contextmanager
def docker_by_hand(dump: Path = DUMP, exits: int = 0) -> Iterator[Callable[[], None]]:
    """docker run the server, cp and restore the dump, docker run migrate beside it, docker rm."""
    name, volume = f"by-hand-{os.getpid()}", f"by-hand-venv-{os.getpid()}"
    bundle = Path(os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"))
    with scratch() as folder:
        code = code_with_settings(folder / "code", "/var/run/postgresql")
        sh(["docker", "run", "--rm", "-v", f"{volume}:/venv", "-v", f"{code}:/code:ro", "-v", f"{bundle}:/ca.crt:ro",
            "-e", "PIP_CERT=/ca.crt", PYTHON_IMAGE, "sh", "-c",
            "python3 -m venv /venv && /venv/bin/pip install -q -r /code/requirements.txt"])  # fmt: skip
        try:
            yield lambda: in_containers(name, volume, code, dump, exits)
        finally:
            sh(["docker", "volume", "rm", "-f", volume])


def in_containers(name: str, volume: str, code: Path, dump: Path, exits: int) -> None:
    sockets = f"{name}-sockets"
    sh(["docker", "run", "-d", "--name", name, "-v", f"{sockets}:/var/run/postgresql",
        "-e", "POSTGRES_HOST_AUTH_METHOD=trust", SERVER_IMAGE])  # fmt: skip
    try:
        # Over TCP: the entrypoint's first server, which listens on the socket only, goes away again.
        sh(["docker", "exec", name, "sh", "-c", "until pg_isready -q -h 127.0.0.1; do sleep 0.1; done"])
        sh(["docker", "cp", dump, f"{name}:/tmp/prod.dump"])
        sh(["docker", "exec", name, "createdb", "-U", "postgres", "shop"])
        sh(["docker", "exec", name, "pg_restore", "-U", "postgres", "--no-owner", "--no-acl", "-d", "shop",
            "/tmp/prod.dump"])  # fmt: skip
        sh(["docker", "run", "--rm", "-v", f"{volume}:/venv", "-v", f"{code}:/code", "-w", "/code",
            "-v", f"{sockets}:/var/run/postgresql", "--network", "none", PYTHON_IMAGE,
            "/venv/bin/python", "manage.py", "migrate", "--settings", "by_hand"], exits=exits)  # fmt: skip
    finally:
        sh(["docker", "rm", "-f", "-v", name])
        sh(["docker", "volume", "rm", "-f", sockets])


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder that the server's user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="by-hand-", dir="/var/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def give(folder: Path) -> None:
    """To the user that PostgreSQL runs as, since it refuses root."""
    if user := server_user():
        os.chown(folder, user.uid, user.gid)


def as_server(argv: Sequence[str | Path]) -> None:
    user = server_user()
    prefix = ["runuser", "-u", pwd.getpwuid(user.uid).pw_name, "--"] if user else []
    sh([*prefix, *argv])


def sh(argv: Sequence[str | Path], cwd: Path | None = None, exits: int = 0) -> None:
    """Run one command; what it says is shown only when it exits otherwise than it should."""
    done = subprocess.run([str(part) for part in argv], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != exits:
        sys.exit(f"{' '.join(done.args)}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
