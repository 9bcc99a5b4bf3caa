"""Plans as an engine gets them, without the scenario that they would come from."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from simulator.engines.embedded import binaries
from simulator.engines.plan import Interpreter, Plan


def embedded_plan(project: Path, **changes: object) -> Plan:
    """A project run by the tests' own Python, on the oldest PostgreSQL of this machine."""
    project.mkdir(exist_ok=True, parents=True)
    major = binaries.installations()[0].major
    plan = Plan(
        scenario="test",
        postgres_major=major,
        client_major=major,
        dependencies=Interpreter(Path(sys.executable)),
        project=project,
        tree=project,
    )
    return dataclasses.replace(plan, **changes)  # type: ignore[arg-type]
