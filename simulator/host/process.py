"""One local command, run to its end or stopped: INT, then TERM, then KILL."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from typing import IO, BinaryIO

from simulator.model import Outcome

# How long a command gets to obey each signal before the next, firmer one.
SECONDS_AFTER_INTERRUPT = 2.0
SECONDS_AFTER_TERMINATE = 2.0
CHUNK = 1 << 20


def run(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    cwd: str | None = None,
    stdin: BinaryIO | None = None,
) -> Outcome:
    """Run ``argv`` in a session of its own and return what it did, whatever its exit code.

    ``environment`` is the whole environment (None: ours). Raises FileNotFoundError when there is no such
    program. When an exception passes through (Ctrl-C, a timeout) the command's whole session is stopped first.
    """
    started = time.monotonic()
    with subprocess.Popen(
        list(argv),
        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=None if environment is None else dict(environment),
        cwd=cwd,
        start_new_session=True,
    ) as child:
        try:
            stdout, stderr = _drain(child, stdin)
        except BaseException:
            stop(child)
            raise
    return Outcome(
        argv=tuple(argv),
        code=child.returncode,
        stdout=stdout.decode("utf-8", "replace"),
        stderr=stderr.decode("utf-8", "replace"),
        seconds=time.monotonic() - started,
    )


def stop(child: subprocess.Popen[bytes]) -> None:
    """End a child started with ``start_new_session`` and everything in its process group."""
    for number, patience in (
        (signal.SIGINT, SECONDS_AFTER_INTERRUPT),
        (signal.SIGTERM, SECONDS_AFTER_TERMINATE),
        (signal.SIGKILL, None),
    ):
        if child.poll() is not None:
            break
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(patience)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)  # what the leader left behind in its group


def _drain(child: subprocess.Popen[bytes], stdin: BinaryIO | None) -> tuple[bytes, bytes]:
    """Feed stdin and collect both outputs at once, so that no full pipe can stop the other."""
    collected: dict[str, bytes] = {"stdout": b"", "stderr": b""}

    def collect(name: str, stream: IO[bytes]) -> None:
        collected[name] = stream.read()

    assert child.stdout is not None
    assert child.stderr is not None
    readers = [
        threading.Thread(target=collect, args=("stdout", child.stdout), daemon=True),
        threading.Thread(target=collect, args=("stderr", child.stderr), daemon=True),
    ]
    for reader in readers:
        reader.start()
    if stdin is not None and child.stdin is not None:
        # A command that ends before it has read everything is judged by its exit code.
        with contextlib.suppress(BrokenPipeError):
            while chunk := stdin.read(CHUNK):
                child.stdin.write(chunk)
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
    child.wait()
    for reader in readers:
        reader.join()
    return collected["stdout"], collected["stderr"]
