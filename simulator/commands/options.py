"""What the command line says of any scenario: the options that every verb has which starts something."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from simulator.errors import UsageError
from simulator.host.progress import Progress
from simulator.host.terminal import printer
from simulator.scenario.files import LoadedScenario

_SETTINGS = "DJANGO_SETTINGS_MODULE"
_VARIABLE = re.compile(r"[A-Za-z_]\w*")

Talk = Literal["quiet", "normal", "verbose"]


@dataclass(frozen=True)
class Shared:
    """``variables`` of its text, ``environment`` for the project's process (None: passed through), and the rest."""

    variables: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str | None] = field(default_factory=dict)
    engine: str = "auto"
    tier: Literal["schema", "data"] | None = None
    confine: Literal["require", "if-possible"] | None = None
    talk: Talk = "normal"

    @property
    def progress(self) -> Progress:
        """What is said on stderr while it goes on."""
        return Progress(printer(stderr=True), quiet=self.talk == "quiet", verbose=self.talk == "verbose")

    def over(self, loaded: LoadedScenario) -> LoadedScenario:
        """The scenario with what is said here in place of its own."""
        scenario = loaded.scenario
        given = {"tier": self.tier, "confine": self.confine}
        changes = {key: value for key, value in given.items() if value is not None}
        django: dict[str, object] = {"environment": {**scenario.django.environment, **self.environment}}
        if module := self.environment.get(_SETTINGS):
            django["settings"] = module  # what the scenario names would go before a variable
        changed = {
            "rehearse": scenario.rehearse.model_copy(update=changes),
            "django": scenario.django.model_copy(update=django),
        }
        return replace(loaded, scenario=scenario.model_copy(update=changed))

    def as_arguments(self) -> list[str]:
        """The same again for a migsim of its own, all but ``variables``: each scenario takes those that it has.

        A value of ``--env`` is none of them: others of this machine read command lines (``set_in`` brings it along).
        """
        found = [f"--engine={self.engine}"]
        found += [f"--tier={self.tier}"] if self.tier else []
        found += [f"--confine={self.confine}"] if self.confine else []
        found += [f"--{self.talk}"] if self.talk != "normal" else []
        return [*found, *(f"--env={name}" for name in self.environment)]

    @property
    def set_in_environment(self) -> dict[str, str]:
        """What that migsim finds in its own environment."""
        return {name: value for name, value in self.environment.items() if value is not None}


def variables(pairs: Sequence[str] | None) -> dict[str, str]:
    """``--set K=V``. Raises UsageError."""
    given = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"--set {pair!r}: not K=V", "migsim run NAME --set dump=prod.dump")
        given[name] = value
    return given


def environment(pairs: Sequence[str] | None) -> dict[str, str | None]:
    """``--env NAME=VALUE`` or ``--env NAME``. Raises UsageError, which shows no value."""
    given: dict[str, str | None] = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not _VARIABLE.fullmatch(name):
            raise UsageError(
                f"--env {name!r}: no name that an environment variable can have", "migsim run NAME --env DEBUG=1"
            )
        given[name] = value if equals else None
    return given
