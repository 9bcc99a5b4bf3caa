"""Which engines the tests can use. ``python -m tests.support.engines`` makes Docker's images ready before them."""

from __future__ import annotations

import functools
import os
import subprocess
import sys

import pytest

from simulator.engines.docker import client
from simulator.engines.embedded import confinement
from simulator.errors import CannotTell

IMAGES = ("postgres:15", "python:3.11-slim")


# Under CI they run and fail, with the kernel's reason: no engine goes untested in silence.
needs_confinement = pytest.mark.skipif(
    confinement.why_not() is not None and not os.environ.get("CI"), reason=f"NOT TESTED: {confinement.why_not()}"
)


@functools.cache
def why_no_docker() -> str | None:
    """Why the docker engine can't be tested here; None: it can."""
    try:
        client.connect()
    except CannotTell as error:
        return f"{error.message} (hint: {error.hint})"
    return None


def main() -> int:
    """Say which engines will be tested; without images in a registry's reach, build them from Debian packages."""
    reason = why_no_docker()
    if reason:
        print(f"*** The docker engine is NOT TESTED: {reason}", flush=True)
        return 1 if os.environ.get("CI") else 0
    return subprocess.run([sys.executable, "-m", "simulator", "images", "--build", *IMAGES], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
