"""``migsim clean``: remove what dead and kept runs left; ``migsim clean cache``: show or prune the caches."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from simulator import engines, store


def run(console: Console) -> int:
    """Remove dead runs and those that ``--keep`` left up; 3 when something could not be removed."""
    left = store.sweep(engines.remove, kept=True)
    for line in left:
        console.print(f"still there: {line}")
    if left:
        console.print("its engine does not answer: run migsim clean again when it does")
        return 3
    console.print("nothing is left of any run that has ended")
    return 0


def show_cache(console: Console) -> int:
    """What is kept because it is slow to make again, and how big it is."""
    for kind in _kinds():
        size = sum(file.lstat().st_size for file in kind.rglob("*") if not file.is_dir())
        console.print(f"{kind.name:<16} {size / (1 << 20):9.1f} MB  {kind}")
    return 0


def prune_cache(console: Console) -> int:
    """Remove all of it; the next run makes again what it needs."""
    for kind in _kinds():
        store.remove_tree(kind)
        console.print(f"removed {kind}")
    return 0


def _kinds() -> list[Path]:
    folder = store.cache_folder()
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
