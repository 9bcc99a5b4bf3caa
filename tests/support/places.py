"""Folders that tests run in: short, since a socket's path is at most 107 bytes, and enterable by another user."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from simulator.host import store


@contextlib.contextmanager
def own_folders(environment: dict[str, str] | None = None) -> Iterator[Path]:
    """A fresh short folder, in which runs (and caches, unless one is shared) of this process live meanwhile."""
    folder = Path(tempfile.mkdtemp(prefix="ms", dir="/var/tmp")).resolve()
    folder.chmod(0o755)
    before = dict(os.environ)
    os.environ.setdefault("MIGSIM_CACHE", str(folder / "cache"))
    os.environ["MIGSIM_RUNS"] = str(folder / "r")
    os.environ.update(environment or {})
    try:
        yield folder
    finally:
        os.environ.clear()
        os.environ.update(before)
        store.remove_tree(folder)
