"""The engines, and which of them serves a run. An explicit table: adding one is a folder and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from simulator.errors import CannotTell, UsageError

if TYPE_CHECKING:  # the command line asks for the names alone
    from simulator.engines.base import Engine
    from simulator.engines.plan import Plan

# By name, in the order of preference; loaded when one is used, since each brings libraries of its own.
ENGINES = {"docker": "simulator.engines.docker:DockerEngine", "embedded": "simulator.engines.embedded:EmbeddedEngine"}
AUTO = "auto"  # the first of the table that can serve the plan


@dataclass(frozen=True)
class Choice:
    """The engine that serves, the plan it serves, and in a sentence why not an earlier one."""

    engine: Engine
    plan: Plan
    why: str


def engine(name: str) -> Engine:
    """The engine of that name in the table."""
    kind: Callable[[], Engine] = resolve_name(ENGINES[name])
    return kind()


def every() -> Iterator[Engine]:
    """All of the table."""
    return map(engine, ENGINES)


def check_name(requested: str) -> str:
    """The name of an engine, or AUTO. Raises UsageError for any other."""
    if requested != AUTO and requested not in ENGINES:
        raise UsageError(f"there is no engine {requested!r}", f"--engine {AUTO}, {', '.join(ENGINES)}")
    return requested


def choose(requested: str, plans: Sequence[Plan]) -> Choice:
    """The first engine of the table that can serve one of ``plans`` (alternatives, the preferred one first).

    Raises UsageError for a name that is none, CannotTell with every engine's reason when none can serve.
    """
    names = list(ENGINES) if check_name(requested) == AUTO else [requested]
    reasons: list[str] = []
    for name in names:
        candidate = engine(name)
        # The last alternative is the most modest, so its reason is the one that is left to mend.
        reason: str | None = None
        for plan in plans:
            reason = candidate.unusable(plan)
            if reason is None:
                return Choice(candidate, plan, _why(requested, name, reasons))
        reasons.append(f"{name}: {reason}")
    raise CannotTell(f"no engine can rehearse {plans[0].scenario}: {'; '.join(reasons)}", "migsim doctor")


def remove(entry: Mapping[str, str]) -> bool:
    """Remove one thing that a dead run's ledger names; its kind begins with the engine's name. True: it is gone."""
    name = entry["kind"].partition("-")[0]
    return name in ENGINES and engine(name).remove(entry)  # of another version's engine: it stays named


def _why(requested: str, name: str, reasons: Sequence[str]) -> str:
    if requested != AUTO:
        return f"engine {name}: asked for"
    return f"engine {name}" + (f" ({'; '.join(reasons)})" if reasons else ": it answers, and has what it needs")
