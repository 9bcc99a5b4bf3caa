"""A scenario file, as text and as values. ``simulator.scenario.files`` finds the files on disk."""

from simulator.scenario.model import (
    Build,
    Django,
    Expect,
    Migrate,
    Postgres,
    Rehearse,
    Restore,
    Role,
    SameAs,
    Scenario,
    Step,
)

__all__ = [
    "Build",
    "Django",
    "Expect",
    "Migrate",
    "Postgres",
    "Rehearse",
    "Restore",
    "Role",
    "SameAs",
    "Scenario",
    "Step",
]
