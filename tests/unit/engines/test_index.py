"""A package index that is not reached is told from a version that it does not have."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from uv import find_uv_bin

from simulator.engines import index

NOT_FOUND = "ERROR: No matching distribution found for django==99.9"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            f"WARNING: Retrying after connection broken by 'NewConnectionError(\"… Connection refused\")'\n{NOT_FOUND}",
            "refused",
        ),
        ("cause: dns error\ncause: failed to lookup address information: Name or service not known", "its name"),
        ("cause: invalid peer certificate: UnknownIssuer", "its certificate"),
        (
            "connection broken by 'ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed'))'",
            "the proxy",
        ),
        ("connection broken by 'ReadTimeoutError(\"… Read timed out. (read timeout=15)\")'", "no answer in time"),
        ("ERROR: HTTP error 401 Client Error: Unauthorized for url: https://…/simple/", "not let in"),
    ],
)
def test_why_it_was_not_reached(said: str, reason: str) -> None:
    error = index.unreachable("requirements.txt", ["", said])
    assert error is not None
    assert error.message.startswith("requirements.txt can't be installed: the package index was not reached (")
    assert reason in error.message
    assert "PIP_INDEX_URL" in error.hint


def test_a_version_that_is_not_there_is_no_fault_of_the_index() -> None:
    assert index.unreachable("requirements.txt", ["", NOT_FOUND, "× No solution found"]) is None


def test_what_the_installers_of_today_say(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and nobody listens
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/simple"
        pip = (sys.executable, "-m", "pip", "install", "-q", "--retries", "1", "--index-url", url)
        uv = (find_uv_bin(), "pip", "install", "--no-cache", "--python", sys.executable, "--default-index", url)
        for command in (pip, uv):
            done = subprocess.run(
                [*command, "--target", str(tmp_path), "no-such-package-at-all"],
                capture_output=True,
                text=True,
                check=False,
                env={"PATH": "/usr/bin:/bin", "UV_HTTP_RETRIES": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            )
            assert done.returncode != 0
            error = index.unreachable("r.txt", [done.stderr])
            assert error is not None, done.stderr
            assert "connection refused" in error.message
