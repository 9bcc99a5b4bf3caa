"""The restored database and the code under rehearsal in one environment, with private copies to run the code on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from simulator.baseline.build import Baseline
from simulator.engines.base import Environment
from simulator.engines.plan import SUPERUSER
from simulator.errors import EngineDied
from simulator.model import Address
from simulator.rehearsal.runs import Rehearsals
from simulator.sources.trees import Tree

Databases = Mapping[str, Address]  # by alias, as the project's code reaches them


@dataclass(frozen=True)
class Sandbox:
    """Where everything after the restore runs. ``alias`` is the one under rehearsal."""

    environment: Environment
    baseline: Baseline
    rehearsals: Rehearsals
    code: Tree
    alias: str
    schema: str | None = None  # of several schemas of the database the one that is looked at
    shared: Rehearsals | None = None  # with ``schema``: of what all schemas share

    def within(self, schema: str) -> Sandbox:
        """The same where the project goes through several schemas, and only that one is looked at and migrated."""
        return replace(self, schema=schema, shared=self.rehearsals, rehearsals=replace(self.rehearsals, schema=schema))

    @property
    def user(self) -> str:
        """Whom the project connects as."""
        return self.baseline.role.project_user

    @property
    def options(self) -> tuple[str, ...]:
        """What every migrate of a fix needs to say: the alias, where it is not the default."""
        of_alias = () if self.alias == "default" else (f"--database={self.alias}",)
        return of_alias if self.schema is None else (*of_alias, f"--schema={self.schema}")

    @contextmanager
    def clone(self, *, keep: bool = False) -> Iterator[Databases]:
        """Copy every database of the baseline. Of large ones there is one copy at a time.

        They are dropped when the block ends, unless it is to ``keep`` them for whoever looks after the run.
        """
        databases = self.baseline.clone(self.environment, self.user)
        with contextlib.nullcontext() if keep else self._dropping(databases):
            yield databases

    @contextmanager
    def empty(self, schemas: Iterable[str] = ()) -> Iterator[Databases]:
        """Make databases with nothing in them but those schemas; they are dropped when the block ends."""
        databases = self.baseline.empty(self.environment, schemas)
        with self._dropping(databases):
            yield databases

    @contextmanager
    def _dropping(self, databases: Databases) -> Iterator[None]:
        """Drop them at the end, but not from a server that is gone: why it went is what has to be told."""
        try:
            yield
        except EngineDied:
            raise
        except BaseException:
            self.baseline.drop(self.environment, databases)
            raise
        self.baseline.drop(self.environment, databases)

    def address(self, databases: Databases) -> Address:
        """Where migsim itself reaches the database under rehearsal, as superuser."""
        return self.environment.address(databases[self.alias].dbname, SUPERUSER)
