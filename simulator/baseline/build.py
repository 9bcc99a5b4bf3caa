"""The scenario's baseline steps, done: one sealed database for each alias, and copies of them to rehearse on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count

from simulator.baseline import restore
from simulator.baseline.restore import Restored
from simulator.baseline.roles import RolePlan, settle_role
from simulator.engines.base import Environment
from simulator.engines.plan import SUPERUSER
from simulator.errors import CannotTell, UsageError
from simulator.host.progress import Progress
from simulator.model import Address, Alias, Attempt, Failure
from simulator.postgres import database
from simulator.postgres.version import major
from simulator.rehearsal.runs import Rehearsals
from simulator.scenario import SameAs, Scenario, Step
from simulator.scenario.files import LoadedScenario
from simulator.sources.trees import Sources, main_dump
from simulator.verdict import RestoreErrors
from simulator.wording import listed, size

POSTGRESQL = "postgresql"

# Bytes from which a copy-on-write copy of the whole cluster takes less time than a copy of its databases.
LARGE = 1 << 30


@dataclass(frozen=True)
class Baseline:
    """Sealed databases by alias, whom the project connects as, and what the steps said."""

    sealed: Mapping[str, str]
    role: RolePlan
    restores: tuple[RestoreErrors, ...] = ()
    warnings: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    unfilled: tuple[str, ...] = ()  # aliases of databases that no step has filled, but for the one under rehearsal
    attempts: tuple[Attempt, ...] = ()
    histories: tuple[str, ...] = ()  # schemas with a django_migrations, of the alias under rehearsal
    left_out: tuple[str, ...] = ()  # extensions of the dumps that were not restored
    without_rows: bool = False  # a dump was restored there, and no table has a row
    forks: bool = False  # copies are made copy-on-write, where the engine can
    _numbers: count[int] = field(default_factory=lambda: count(1))

    @property
    def errors(self) -> tuple[Failure, ...]:
        """What the restores said that was not benign."""
        return tuple(error for restored in self.restores for error in restored.errors)

    def clone(self, environment: Environment, user: str) -> dict[str, Address]:
        """A private copy of each database; where the project reaches it as ``user``. Shared ones stay shared.

        Of large ones there is one at a time: it has to be dropped before the next, or anything else, is made.
        """
        number = next(self._numbers)
        names = {
            source: f"rehearsal{number}_{place}" for place, source in enumerate(dict.fromkeys(self.sealed.values()))
        }
        if not (self.forks and _fork(environment, names)):
            with database.connect(environment.address("postgres", SUPERUSER)) as admin:
                for source, name in names.items():
                    database.clone(admin, source, name)
        return {alias: environment.inside(names[source], user) for alias, source in self.sealed.items()}

    def empty(self, environment: Environment, schemas: Iterable[str] = ()) -> dict[str, Address]:
        """A database for each alias with nothing in it but its settings and empty schemas, reached as superuser.

        It is what the code builds from nothing in. The schemas on the settings' search path are there.
        """
        number = next(self._numbers)
        names = {
            source: f"reference{number}_{place}" for place, source in enumerate(dict.fromkeys(self.sealed.values()))
        }
        with database.connect(environment.address("postgres", SUPERUSER)) as admin:
            for source, name in names.items():
                database.create_like(admin, source, name)
                with database.connect(environment.address(name, SUPERUSER)) as connection:
                    database.create_schemas(connection, (*database.search_path(admin, source), *schemas))
        return {alias: environment.inside(names[source], SUPERUSER) for alias, source in self.sealed.items()}

    def drop(self, environment: Environment, databases: Mapping[str, Address]) -> None:
        """A copy that was looked at is only room on the disk."""
        names = dict.fromkeys(address.dbname for address in databases.values())
        if any(environment.end_fork(name) for name in names):
            return
        with database.connect(environment.address("postgres", SUPERUSER)) as admin:
            for name in names:
                database.drop(admin, name)


def _has_rows(environment: Environment, name: str) -> bool:
    with database.connect(environment.address(name, SUPERUSER)) as connection:
        return database.has_rows(connection)


def _histories(environment: Environment, name: str) -> tuple[str, ...]:
    with database.connect(environment.address(name, SUPERUSER)) as connection:
        return database.schemas_with(connection, "django_migrations")


def _has_unlogged(environment: Environment, name: str) -> bool:
    with database.connect(environment.address(name, SUPERUSER)) as connection:
        return database.has_unlogged(connection)


def _fork(environment: Environment, names: Mapping[str, str]) -> bool:
    """Copies of all sealed databases at once; False: the engine can't."""
    with database.connect(environment.address("postgres", SUPERUSER)) as admin:
        database.checkpoint(admin)
    place = environment.fork(names.values())
    if place is None:
        return False
    with database.connect(place) as admin:
        for source, name in names.items():
            database.unseal(admin, source, name)
    return True


def build(
    loaded: LoadedScenario,
    found: Sources,
    environment: Environment,
    rehearsals: Rehearsals,
    aliases: Iterable[Alias],
    progress: Progress,
    *,
    settings_user: str | None = None,
    keep: bool = False,
) -> Baseline:
    """Make each alias's database by its steps and seal it. Raises CannotTell and UsageError.

    ``settings_user``: whom the project's settings connect as. ``keep``: copies will outlive the run, so each has to be
    whole.
    """
    scenario = loaded.scenario
    names = databases_of(scenario, aliases)
    builder = _Builder(
        scenario=scenario,
        found=found,
        environment=environment,
        rehearsals=rehearsals,
        role=_role(scenario, found, environment, settings_user),
        databases={alias: environment.inside(name, "") for alias, name in names.items()},
        progress=progress,
    )
    for alias, name in names.items():
        if alias == steps_owner(names, name, scenario.django.database):
            builder.make(name, _steps(scenario, alias))
    rehearsed = names[scenario.django.database]
    if not builder.role.owner_known:
        with database.connect(environment.address(rehearsed, SUPERUSER)) as target:
            database.let_owners_create(target)
    # How many tables each dump has rows of: pg_dump writes them for an empty table as well, unless it was told not to.
    restored = [found.dumps[step.restore].tables for step in scenario.baseline if step.restore]
    with database.connect(environment.address("postgres", SUPERUSER)) as admin:
        histories = _histories(environment, rehearsed)
        without_rows = bool(restored) and not any(restored) and not _has_rows(environment, rehearsed)
        forks = not keep and database.can_be_forked(admin, names.values(), LARGE)
        for name in dict.fromkeys(names.values()):
            forks = forks and not _has_unlogged(environment, name)
            database.seal(admin, name)
    done, unfilled = builder.done, unfilled_aliases(names, scenario)
    notes = [builder.role.note, *(note for one in done for note in one.not_checked), *map(_of_unfilled, unfilled)]
    return Baseline(
        sealed=names,
        role=builder.role,
        restores=tuple(RestoreErrors(one.errors, not one.empty_before, one.by_hand) for one in done),
        warnings=(
            *builder.role.warnings,
            *guessed_version(scenario.postgres.version, found, environment.server_version),
            *(warning for one in done for warning in one.warnings),
        ),
        not_checked=tuple(note for note in notes if note),
        unfilled=unfilled,
        attempts=tuple(builder.attempts),
        histories=histories,
        left_out=tuple(dict.fromkeys(name for one in done for name in one.left_out)),
        without_rows=without_rows,
        forks=forks,
    )


def guessed_version(wanted: str | None, found: Sources, server: str) -> tuple[str, ...]:
    """What neither dump nor script says of its server, so that another major may behave otherwise."""
    if wanted is not None or any(dump.dumped_from for dump in found.dumps.values()):
        return ()
    silent = [path.name for path in (*(dump.path for dump in found.dumps.values()), *found.scripts.values())]
    if not silent:
        return ()
    number = major(server)
    return (
        f"which PostgreSQL {listed(silent)} is of is not told there: {number} is a guess "
        f'(postgres: {{version: "{number}"}} in the scenario says it)',
    )


def _role(scenario: Scenario, found: Sources, environment: Environment, settings_user: str | None) -> RolePlan:
    dump = main_dump(found)
    from_ = major(dump.dumped_from) if dump else None
    newer = from_ is not None and (major(environment.server_version) or 0) > from_
    stand_in = newer and scenario.postgres.version is None
    return settle_role(scenario.postgres.role, dump, settings_user=settings_user, stand_in=stand_in)


def databases_of(scenario: Scenario, aliases: Iterable[Alias]) -> dict[str, str]:
    """The name of each PostgreSQL alias's throwaway database.

    Aliases that mirror each other share one, and so do those that ``baselines`` declares the same.
    """
    django, known = scenario.django, {alias.name: alias for alias in aliases}
    for name in (django.database, *django.baselines):
        if name not in known or known[name].vendor != POSTGRESQL:
            there = ", ".join(alias.name for alias in known.values() if alias.vendor == POSTGRESQL) or "none"
            raise UsageError(f"DATABASES has no PostgreSQL alias {name!r} (it has: {there})", "set django.database")
    owner = {name: _shares(name, scenario, known) for name, alias in known.items() if alias.vendor == POSTGRESQL}
    numbers = {name: f"baseline{number}" for number, name in enumerate(dict.fromkeys(owner.values()))}
    return {name: numbers[shared] for name, shared in owner.items()}


def steps_owner(names: Mapping[str, str], name: str, rehearsed: str) -> str:
    """The alias whose steps make a shared database: the one under rehearsal, else the first."""
    if names[rehearsed] == name:
        return rehearsed
    return next(alias for alias, shared in names.items() if shared == name)


def unfilled_aliases(names: Mapping[str, str], scenario: Scenario) -> tuple[str, ...]:
    """Aliases whose database nothing fills: not the rehearsed one's, and ``baselines`` is silent on it."""
    filled = {names[alias] for alias in (scenario.django.database, *scenario.django.baselines)}
    return tuple(alias for alias, name in names.items() if name not in filled)


@dataclass
class _Builder:
    """The steps of one baseline, with what every step needs."""

    scenario: Scenario
    found: Sources
    environment: Environment
    rehearsals: Rehearsals
    role: RolePlan
    databases: dict[str, Address]
    progress: Progress
    done: list[Restored] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    def make(self, name: str, steps: Iterable[Step]) -> None:
        """An empty database of the project's role, then the steps on it."""
        steps = tuple(steps)
        restored = [self.found.dumps[step.restore] for step in steps if step.restore]
        encoding = restored[0].encoding if restored else None
        restore.prepare(self.environment, name, self.role, encoding=encoding)
        for step in steps:
            if step.restore:
                self._restore(name, step)
            elif step.sql:
                self._run_sql(name, step.sql)
            elif step.migrate:
                self._migrate(step.migrate.ref)

    def _restore(self, name: str, step: Step) -> None:
        assert step.restore is not None
        dump = self.found.dumps[step.restore]
        with self.progress.stage("restore", f"restoring {dump.path.name} ({size(dump.size)})"):
            self.done.append(
                restore.restore(
                    self.environment,
                    name,
                    dump,
                    plan=self.role,
                    clean=step.restore.clean,
                    ignore_extensions=self.scenario.postgres.ignore_extensions,
                    tier=self.scenario.rehearse.tier,
                    progress=self.progress.part,
                )
            )

    def _run_sql(self, name: str, script: str) -> None:
        path = self.found.scripts[script]
        with self.progress.stage("sql", f"running {path.name}"):
            self.done.append(restore.run_sql(self.environment, name, path, user=self.role.project_user))

    def _migrate(self, ref: str) -> None:
        """Another ref's migrations. If they fail there is no baseline to rehearse on."""
        user = self.role.project_user
        databases = {alias: replace(address, user=user) for alias, address in self.databases.items()}
        with self.progress.stage("migrate-ref", f"migrating with the code of {ref}"):
            trace = self.rehearsals.migrate(self.found.refs[ref], databases, checks=False)
        self.attempts.extend(trace.attempts)
        if trace.failure or not trace.complete:
            failure = trace.failure
            at = f" at {failure.migration}" if failure and failure.migration else ""
            why = f"{failure.sqlstate or failure.exception} {failure.message}" if failure else "its process ended early"
            raise CannotTell(f"baseline: migrate: ref {ref} fails{at}: {why}", "correct the baseline steps before it")


def _of_unfilled(alias: str) -> str:
    return f"what code does with alias {alias} (its database is empty: `baselines:` has no steps for it)"


def _steps(scenario: Scenario, alias: str) -> tuple[Step, ...]:
    if alias == scenario.django.database:
        return scenario.baseline
    steps = scenario.django.baselines.get(alias, ())
    return () if isinstance(steps, SameAs) else steps


def _shares(name: str, scenario: Scenario, known: Mapping[str, Alias]) -> str:
    """Whose database that alias uses: its own name, or the alias at the end of the chain."""
    seen = {name}
    while True:
        declared = scenario.django.baselines.get(name)
        target = declared.same_as if isinstance(declared, SameAs) else known[name].same_as
        if target is None or target in seen or target not in known:
            return name
        seen.add(target)
        name = target
