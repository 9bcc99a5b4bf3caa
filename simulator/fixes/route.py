"""Mends of several roots -> one ordered list of steps, by the graph of migrations.

``migrate app name --fake`` records everything up to that migration, in other apps too, so whatever has to run before it
runs first; and ``migrate app name`` would unapply what is recorded after it, so only what is pending is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from simulator.findings.graph import ancestors, app_of
from simulator.model import Fact, MigrationFile, Step
from simulator.postgres.sql import scripts

CONTENT_TYPES = "contenttypes"


@dataclass(frozen=True)
class Mend:
    """What one fix would do about some of the roots."""

    fix: str  # its id
    title: str
    roots: tuple[int, ...]  # ids of findings
    history: tuple[str, ...] = ()  # SQL on django_migrations, before anything else
    clear: tuple[str, ...] = ()  # SQL that makes room, before migrate
    complete: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # migration -> SQL just before it is recorded
    after: tuple[str, ...] = ()  # SQL once everything is migrated
    fake: frozenset[str] = frozenset()  # migrations to record without running them
    run: frozenset[str] = frozenset()  # migrations that have to run before ``back``
    back: tuple[str, ...] = ()  # SQL that puts the rows back which ``history`` took away for that
    recorded: frozenset[str] = frozenset()  # migrations that ``history`` or ``back`` writes new rows for
    discards: frozenset[Fact] = frozenset()  # what stood there, held no rows and is dropped on purpose
    person: str = ""
    query: str = ""  # with ``person``: the rows in question
    statement: str = ""  # with ``person``: what another role has to run
    note: str = ""


def steps(
    mends: Sequence[Mend], pending: Sequence[str], files: Mapping[str, MigrationFile], options: tuple[str, ...] = ()
) -> tuple[Step, ...]:
    """All steps: ``migrate`` is the last, or only SQL follows it. ``options`` end every migrate (``--database=x``)."""
    return tuple(_Route(mends, pending, files, options).walk())


@dataclass
class _Route:
    """Where the walk along the plan is: what is applied by now, what still has to be recorded."""

    mends: Sequence[Mend]
    pending: Sequence[str]
    files: Mapping[str, MigrationFile]
    options: tuple[str, ...]
    found: list[Step] = field(default_factory=list)
    applied: set[str] = field(default_factory=set)
    to_record: list[str] = field(default_factory=list)

    def walk(self) -> list[Step]:
        mends = self.mends
        for text in dict.fromkeys(sql for mend in mends for sql in (*mend.history, *mend.clear)):
            self.found.append(Step(sql=text))
        self.applied.update(name for mend in mends for name in mend.recorded)
        fakes = frozenset(name for mend in mends for name in mend.fake) - self.applied
        run = frozenset(name for mend in mends for name in mend.run)
        beneath = {above for name in run for above in ancestors(name, self.files)}
        self._walk([name for name in self.pending if name in beneath], fakes)
        self._migrate_to(sorted(run - fakes - self.applied))  # beneath a recorded leaf, no plan has them
        self.found += [Step(sql=text) for text in dict.fromkeys(sql for mend in mends for sql in mend.back)]
        self._walk([name for name in self.pending if name not in beneath], fakes)
        steps = (Step(person=mend.person, query=mend.query, statement=mend.statement) for mend in mends if mend.person)
        self.found += dict.fromkeys(steps)
        self.found.append(Step(manage=("migrate", *self.options)))
        self.found += [Step(sql=text) for text in dict.fromkeys(sql for mend in mends for sql in mend.after)]
        return self.found

    def _walk(self, names: Sequence[str], fakes: frozenset[str]) -> None:
        """Record those of them that are to be recorded, each after what has to be applied for real before it."""
        complete = {name: sql for mend in self.mends for name, sql in mend.complete.items()}
        for name in names:
            if name in fakes:
                self._run(ancestors(name, self.files) - fakes)
                if complete.get(name):
                    self._record()
                    self.found += [Step(sql=text) for text in scripts(complete[name])]
                self.to_record.append(name)
        self._record()

    def _run(self, names: Set[str]) -> None:
        """Those of them that are not applied yet, for real."""
        real = [one for one in self.pending if one in names and one not in self.applied]
        if real:
            self._record()
        self._migrate_to(real)

    def _migrate_to(self, names: Sequence[str]) -> None:
        for one in self._last(names):
            self.found.append(self._migrate(one))
            self.applied.update({one, *ancestors(one, self.files)})

    def _record(self) -> None:
        # After each, Django writes content types with the model of the migrations recorded so far: its last one first.
        own = [name for name in self.to_record if app_of(name) == CONTENT_TYPES]
        for names in (own, [name for name in self.to_record if name not in own]):
            self.found += [self._migrate(one, "--fake") for one in self._last(names)]
        self.applied.update(self.to_record)
        self.to_record.clear()

    def _last(self, names: Iterable[str]) -> list[str]:
        """Those that no other of them stands upon: to name these is to name them all."""
        names = list(names)
        below = {above for one in names for above in ancestors(one, self.files)}
        return [one for one in names if one not in below]

    def _migrate(self, name: str, *flags: str) -> Step:
        app, _dot, migration = name.partition(".")
        return Step(manage=("migrate", app, migration, *flags, *self.options))
