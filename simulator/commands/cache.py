"""``migsim cache show`` and ``prune``: what is kept because it is slow to make again."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from simulator.engines.docker import caches, client
from simulator.errors import CannotTell, ExitCode
from simulator.host import store


def show(console: Console) -> int:
    """Each kind with its size and place; Docker's by name."""
    for kind in store.caches():
        size = sum(file.lstat().st_size for file in kind.rglob("*") if not file.is_dir())
        console.print(f"{kind.name:<16} {size / (1 << 20):9.1f} MB  {escape(str(kind))}")
    try:
        with client.connect() as daemon:
            for what, name in caches.listed(daemon):
                console.print(f"docker {what:<9} {'':>12}  {escape(name)}")
    except CannotTell as error:
        console.print(f"docker           not asked: {escape(error.message)}")
    return 0


def prune(console: Console) -> int:
    """Remove all of it; the next run makes again what it needs. 3 when Docker uses something.

    Raises CannotTell while a run goes on, which may be using it.
    """
    if alive := store.live_runs():
        raise CannotTell(f"a run is going on ({alive[0]}) and may use the caches", "wait for it")
    for kind in store.caches():
        store.empty_cache(kind)
        console.print(f"removed {escape(str(kind))}")
    try:
        with client.connect() as daemon:
            refused = [_told(name, reason, console) for name, reason in caches.prune(daemon)]
    except CannotTell as error:
        console.print(f"docker's were not removed: {escape(error.message)}")
        return 0
    return ExitCode.CANNOT_TELL if any(refused) else 0


def _told(name: str, reason: str | None, console: Console) -> bool:
    console.print(f"removed {escape(name)}" if reason is None else f"kept    {escape(name)}: {escape(reason)}")
    return reason is not None
