"""How the migrations of one project depend on each other, as Django's loader sees them where nothing is applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from simulator.guard.layout import App
from simulator.guard.source import Key, Source


@dataclass(frozen=True)
class Graph:
    """Of those apps. A migration that a squash replaces is in none; what depends on it depends on the squash."""

    apps: Mapping[str, App]  # by label

    @cached_property
    def sources(self) -> Mapping[Key, Source]:
        return {(label, name): one for label, app in self.apps.items() for name, one in app.sources.items()}

    @cached_property
    def replaced_by(self) -> Mapping[Key, Key]:
        """Each replaced migration, on disk or not, and its squash."""
        return {old: key for key, one in self.sources.items() for old in one.replaces if old != key}

    @cached_property
    def parents(self) -> Mapping[Key, frozenset[Key]]:
        return {
            key: frozenset(self._stands_for(parent) for parent in one.dependencies) - {key}
            for key, one in self.sources.items()
            if key not in self.replaced_by
        }

    def leaves(self, label: str) -> tuple[str, ...]:
        """The app's migrations on which none of its others depends."""
        own = {key for key in self.parents if key[0] == label}
        inner = {parent for key in own for parent in self.parents[key]}
        return tuple(sorted(name for _, name in own - inner))

    @cached_property
    def ancestors(self) -> Mapping[Key, frozenset[Key]]:
        """All that comes before each migration; a circle is gone through once."""
        found: dict[Key, frozenset[Key]] = {}
        for start in self.parents:
            waiting = [start]
            while waiting:
                key = waiting[-1]
                missing = [
                    one
                    for one in self.parents.get(key, ())
                    if one not in found and one in self.parents and one not in waiting
                ]
                if key in found or not missing:
                    parents = self.parents.get(key, frozenset())
                    found[key] = parents.union(*(found.get(one, frozenset()) for one in parents))
                    waiting.pop()
                else:
                    waiting += missing
        return found

    def is_related(self, one: Key, other: Key) -> bool:
        """Whether one comes before the other, or one is a squash and the other a part of it."""
        pair = {one, other}
        if one in self.ancestors.get(other, ()) or other in self.ancestors.get(one, ()):
            return True
        return any(self.replaced_by.get(old) in pair for old in pair) or (
            one in self.replaced_by and self.replaced_by.get(one) == self.replaced_by.get(other)
        )

    def are_joined(self, keys: Iterable[Key]) -> bool:
        """Whether a later migration of the app depends on all of them."""
        wanted = set(keys)
        label = next(iter(wanted))[0]
        return any(key[0] == label and wanted <= above for key, above in self.ancestors.items())

    def _stands_for(self, key: Key) -> Key:
        seen = {key}
        while (squash := self.replaced_by.get(key)) is not None and squash not in seen:
            key = squash
            seen.add(key)
        return key
