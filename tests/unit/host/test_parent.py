"""A child ends when its parent is gone, and not before."""

from __future__ import annotations

import subprocess
import sys

CHILD = """\
import os, signal, sys, time
from simulator.host import parent
signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b"told\\n"), os._exit(0)))
parent.end_with_it()
os.write(1, b"ready\\n")  # at once, or two children's lines meet
time.sleep(60)
"""
PARENT = f"""\
import os, subprocess, sys
from simulator.host import parent
with parent.watched() as pipe:
    environment = {{**os.environ, parent.VARIABLE: str(pipe)}}
    for _ in range(2):
        subprocess.Popen([sys.executable, "-c", {CHILD!r}], env=environment, pass_fds=[pipe])
    sys.stdin.read()
    os._exit(0)  # as a kill -9 ends it: nothing of its own runs any more
"""


def test_children_are_told_as_soon_as_their_parent_is_gone() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as started:
        assert started.stdin is not None
        assert started.stdout is not None
        assert [started.stdout.readline(), started.stdout.readline()] == ["ready\n"] * 2
        started.stdin.close()
        assert started.stdout.read() == "told\n" * 2


def test_who_has_no_such_parent_goes_on() -> None:
    script = "from simulator.host import parent; parent.end_with_it(); print('went on')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "went on\n"
