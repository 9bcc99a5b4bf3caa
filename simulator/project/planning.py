"""A scenario and what was read of its sources -> the plans an engine can choose from, the preferred one first."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable

from simulator import project
from simulator.engines.plan import Build, Dependencies, Image, Interpreter, Plan, Requirements
from simulator.model import Dump
from simulator.postgres.version import major
from simulator.project.environment import environment
from simulator.project.look import ProjectLook
from simulator.project.settings_source import certainly_missing
from simulator.scenario.files import LoadedScenario
from simulator.sources.trees import Sources

# Where neither a dump nor the scenario names a major: one that every Django from 3.2 to 6.0 accepts.
DEFAULT_MAJOR = 15

# The least that a restore writes, as a multiple of the dump's size: rows take more room than their compressed
# text, and hardly less than their plain one. The baseline and its clone make it twice.
GROWTH_OF_COMPRESSED = 3
GROWTH_OF_PLAIN = 1
DATABASES = 2
ROOM_FOR_A_SERVER = 256 << 20  # bytes: an empty cluster, its WAL, logs


def plans(loaded: LoadedScenario, found: Sources) -> tuple[Plan, ...]:
    """One plan for each way in which the project's code can run. Raises UsageError when there is none."""
    scenario, dumps = loaded.scenario, tuple(found.dumps.values())
    tops = (found.code.root, loaded.root)
    look = project.look(found.code.project, tops=tops, settings=scenario.django.settings, as_served=False)
    given = environment(scenario.django, loaded.root, os.environ)
    return tuple(
        Plan(
            scenario=scenario.name,
            postgres_major=server_major(scenario.postgres.version, dumps),
            client_major=client_major(scenario.postgres.version, dumps),
            dependencies=dependencies,
            project=look.home,
            tree=found.code.root,
            postgres_image=scenario.postgres.image,
            exact_major=scenario.postgres.version is not None,
            parameters=scenario.postgres.parameters,
            environment=given,
            # An image may bring variables along.
            lacking=lacking(look, given) if isinstance(dependencies, Requirements | Interpreter) else (),
            confine_required=scenario.rehearse.confine == "require",
            dumps=tuple(dump.path for dump in dumps),
            disk_needed=room(dumps),
        )
        for dependencies in project.choices(scenario.django, look, loaded.root)
    )


def lacking(look: ProjectLook, given: Collection[str]) -> tuple[str, ...]:
    """What the settings fail without for sure, each as "NAME (settings.py:7)"."""
    if not look.managers:
        return ()
    found = certainly_missing(look.source, given, look.managers[0])
    return tuple(f"{one.name} ({one.path.relative_to(look.home)}:{one.line})" for one in found)


def brings_code(dependencies: Dependencies) -> bool:
    """Whether the project's code is the image's own, so that no tree of this machine is put there."""
    return isinstance(dependencies, Image | Build) and not dependencies.checkout


def room(dumps: Iterable[Dump]) -> int:
    """Bytes that restoring these dumps and copying the result write at least."""
    restored = sum(dump.size * (GROWTH_OF_PLAIN if _is_plain_text(dump) else GROWTH_OF_COMPRESSED) for dump in dumps)
    return ROOM_FOR_A_SERVER + DATABASES * restored


def server_major(wanted: str | None, dumps: Iterable[Dump]) -> int:
    """The one that the scenario names, else the newest that a dump was taken from: no server reads a newer one's."""
    if wanted:
        return int(wanted.split(".")[0])
    return max((found for dump in dumps if (found := major(dump.dumped_from))), default=DEFAULT_MAJOR)


def client_major(wanted: str | None, dumps: tuple[Dump, ...]) -> int:
    """pg_restore refuses an archive that a newer pg_dump wrote; psql reads any plain one."""
    archives = [major(dump.dumped_by) for dump in dumps if dump.format != "plain"]
    return max([server_major(wanted, dumps), *(found for found in archives if found)])


def _is_plain_text(dump: Dump) -> bool:
    return dump.format == "plain" and dump.compression == "none"
