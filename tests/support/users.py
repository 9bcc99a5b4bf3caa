"""Runs tests again as an ordinary user of this machine, when root runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.engines.embedded import interpreters
from simulator.engines.embedded.users import anyone_may_enter

NOBODY = 65534
MARK = "MIGSIM_TEST_AGAIN"  # set in the run as the other user, so that it does not start a third


def again_as_ordinary_user(module: Path, folder: Path) -> None:
    """Run the tests of ``module`` as nobody; skip where that is impossible."""
    if os.getuid() != 0 or MARK in os.environ:
        pytest.skip("runs as an ordinary user already")
    python = python_for_anyone()
    packages = Path(pytest.__file__).resolve().parents[1]
    if python is None or not anyone_may_enter(packages) or not anyone_may_enter(module.parent):
        pytest.skip("no Python or no checkout here that another user may read")
    os.chown(folder, NOBODY, NOBODY)
    done = subprocess.run(
        [
            *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
            *(str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", str(module)),
            *("--basetemp", str(folder / "t")),
        ],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "PYTHONPATH": f"{packages}:{module.parents[2]}",
            "PYTHONDONTWRITEBYTECODE": "1",
            MARK: "1",
        },
        cwd=module.parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def python_for_anyone() -> Path | None:
    """One that another user may run, of this version: the installed packages are built for it."""
    wanted = f"{sys.version_info[0]}.{sys.version_info[1]}"
    for python in (*interpreters.every(), *filter(None, [interpreters.ask(Path("/usr/bin/python3"))])):
        if python.is_a(wanted) and anyone_may_enter(python.path.resolve().parent):
            return python.path
    return None
