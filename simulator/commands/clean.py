"""``migsim clean``: remove what dead and kept runs left."""

from __future__ import annotations

from simulator import engines
from simulator.errors import ExitCode
from simulator.host import store
from simulator.host.terminal import Terminal
from simulator.wording import count


def run(console: Terminal) -> int:
    """Remove dead runs and those that ``--keep`` left up; 3 when something could not be removed."""
    left = store.sweep(engines.remove, kept=True)
    if living := store.live_runs():
        console.line(f"{count(len(living), 'run')} going on, left alone: {', '.join(living)}")
    for line in left:
        console.line(f"still there: {line}")
    if left:
        console.line("its engine does not answer: run migsim clean again when it does")
        return ExitCode.CANNOT_TELL
    console.line("nothing is left of any run that has ended")
    return 0
