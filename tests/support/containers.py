"""The docker engine in tests: plans for it, and what it left in Docker."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

from docker.errors import NotFound

from simulator.engines.docker import client, images
from simulator.engines.plan import Plan, Requirements


def docker_plan(project: Path, **changes: object) -> Plan:
    """A project that requires nothing, on the images that ``migsim images --build`` can make anywhere."""
    project.mkdir(exist_ok=True, parents=True)
    requirements = project / "requirements.txt"
    if not requirements.exists():
        requirements.write_text("# nothing\n")
    plan = Plan(
        scenario="test",
        postgres_major=15,
        client_major=15,
        dependencies=Requirements((requirements,)),
        project=project,
        tree=project,
    )
    return dataclasses.replace(plan, **changes)  # type: ignore[arg-type]


def of_run(run_id: str) -> list[str]:
    """The names of the containers, volumes and networks that carry this run's label."""
    with client.connect() as daemon:
        api, only = daemon.client.api, {"label": f"migsim.run={run_id}"}
        containers = [name.lstrip("/") for found in api.containers(all=True, filters=only) for name in found["Names"]]
        volumes = [volume["Name"] for volume in api.volumes(filters=only)["Volumes"] or ()]
        return sorted([*containers, *volumes, *(network["Name"] for network in api.networks(filters=only))])


Ids = tuple[str, str, str]  # of a container and a network, the name of a volume


@contextlib.contextmanager
def named_like(run_id: str) -> Iterator[Ids]:
    """Somebody else's container, network and volume, whose names begin as those of that run do."""
    name = f"migsim-{run_id}-stranger"
    with client.connect() as daemon, contextlib.ExitStack() as stack:
        api = daemon.client.api
        volume = api.create_volume(name)["Name"]
        stack.callback(api.remove_volume, volume)
        network = api.create_network(name)["Id"]
        stack.callback(api.remove_network, network)
        container = api.create_container("postgres:15", name=name, volumes=["/x"])["Id"]
        stack.callback(api.remove_container, container, v=True)
        yield container, network, volume


def existing(ids: Ids) -> tuple[str | None, ...]:
    """Those that are there still; None in the place of each that is gone."""
    with client.connect() as daemon:
        api = daemon.client.api
        looks: tuple[Callable[[str], object], ...] = (api.inspect_container, api.inspect_network, api.inspect_volume)
        found: list[str | None] = []
        for look, name in zip(looks, ids, strict=True):
            try:
                look(name)
                found.append(name)
            except NotFound:
                found.append(None)
        return tuple(found)


def has_image(reference: str) -> bool:
    with client.connect() as daemon:
        return images.is_here(daemon, reference)


def anonymous_volumes() -> set[str]:
    """Volumes that nobody named."""
    with client.connect() as daemon:
        volumes = daemon.client.api.volumes()["Volumes"] or ()
        return {volume["Name"] for volume in volumes if len(volume["Name"]) == 64}
