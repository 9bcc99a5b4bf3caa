"""The graph of migrations, as Django's loader told it."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.model import MigrationFile


def ancestors(name: str, files: Mapping[str, MigrationFile]) -> frozenset[str]:
    """Every migration that has to be applied before that one."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        file = files.get(waiting.pop())
        for parent in file.parents if file else ():
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return frozenset(found)


def app_of(name: str) -> str:
    """The label of a migration's app."""
    return name.partition(".")[0]
