"""The docker engine in tests: plans for it, and what it left in Docker."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from simulator.engines.docker import client
from simulator.plan import Plan, Requirements


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
    """The names of the containers and volumes that carry this run's label."""
    with client.connect() as daemon:
        api, only = daemon.client.api, {"label": f"migsim.run={run_id}"}
        containers = [name.lstrip("/") for found in api.containers(all=True, filters=only) for name in found["Names"]]
        return sorted(containers + [volume["Name"] for volume in api.volumes(filters=only)["Volumes"] or ()])


def anonymous_volumes() -> set[str]:
    """Volumes that nobody named."""
    with client.connect() as daemon:
        volumes = daemon.client.api.volumes()["Volumes"] or ()
        return {volume["Name"] for volume in volumes if len(volume["Name"]) == 64}
