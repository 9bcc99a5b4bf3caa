"""``migsim clean``: remove what dead and kept runs left."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from simulator import engines
from simulator.errors import ExitCode
from simulator.host import store


def run(console: Console) -> int:
    """Remove dead runs and those that ``--keep`` left up; 3 when something could not be removed."""
    left = store.sweep(engines.remove, kept=True)
    for line in left:
        console.print(f"still there: {escape(line)}")
    if left:
        console.print("its engine does not answer: run migsim clean again when it does")
        return ExitCode.CANNOT_TELL
    console.print("nothing is left of any run that has ended")
    return 0
