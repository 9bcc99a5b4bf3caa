"""A change of a schema: its statements, by when they have to run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Change:
    """Statements by when they have to run, and in words what can't be done. None of them ends with a semicolon."""

    before: tuple[str, ...] = ()  # schemas, extensions, types, sequences
    drops: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()  # tables too
    constraints: tuple[str, ...] = ()
    references: tuple[str, ...] = ()  # foreign keys: they need the keys of other tables
    views: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()  # of materialized views too
    triggers: tuple[str, ...] = ()
    impossible: tuple[str, ...] = ()

    @property
    def statements(self) -> tuple[str, ...]:
        """In order."""
        return (
            *(*self.before, *self.drops, *self.columns),
            *(*self.constraints, *self.references, *self.views, *self.indexes, *self.triggers),
        )


def together(changes: Iterable[Change]) -> Change:
    """Several changes as one, so that foreign keys come after the tables that they refer to."""
    parts = list(changes)
    return Change(
        **{
            part.name: tuple(dict.fromkeys(s for one in parts for s in getattr(one, part.name)))
            for part in fields(Change)
        }
    )
