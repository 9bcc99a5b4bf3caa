"""``migsim cache show`` and ``prune``: what is kept because it is slow to make again."""

from __future__ import annotations

from simulator import engines
from simulator.errors import CannotTell, ExitCode
from simulator.host import store
from simulator.host.terminal import Terminal


def show(console: Terminal) -> int:
    """Each kind with its size and place; an engine's own by name."""
    for kind in store.caches():
        size = sum(file.lstat().st_size for file in kind.rglob("*") if not file.is_dir())
        console.line(f"{kind.name:<16} {size / (1 << 20):9.1f} MB  {kind}")
    for engine in engines.every():
        try:
            for what, name in engine.list_caches():
                console.line(f"{engine.name} {what:<9} {'':>12}  {name}")
        except CannotTell as error:
            console.line(f"{engine.name:<16} not asked: {error.message}")
    return ExitCode.SAFE


def prune(console: Terminal) -> int:
    """Remove all of it; the next run makes again what it needs. 3 when an engine's is in use.

    Raises CannotTell while a run goes on, which may be using it.
    """
    if alive := store.live_runs():
        raise CannotTell(f"a run is going on ({alive[0]}) and may use the caches", "wait for it")
    for kind in store.caches():
        store.empty_cache(kind)
        console.line(f"removed {kind}")
    refused = []
    for engine in engines.every():
        try:
            refused += [_print_outcome(name, reason, console) for name, reason in engine.prune_caches()]
        except CannotTell as error:
            console.line(f"what {engine.name} keeps was not removed: {error.message}")
    return ExitCode.CANNOT_TELL if any(refused) else ExitCode.SAFE


def _print_outcome(name: str, reason: str | None, console: Terminal) -> bool:
    """Whether it is still there."""
    console.line(f"removed {name}" if reason is None else f"kept    {name}: {reason}")
    return reason is not None
