"""How a command is started so that it reaches nothing but the run's own server."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.engines.embedded.users import User

JAIL = Path(__file__).with_name("jail.py")


@dataclass(frozen=True)
class Confinement:
    """What every command of one run has in common."""

    active: bool

    def wrap(
        self,
        argv: Sequence[str],
        *,
        user: User | None = None,
        writable: tuple[Path, ...] = (),
        survive: bool = False,
    ) -> list[str]:
        order = {
            "user": [user.uid, user.gid] if user else None,
            "survive": survive,
        }
        return [sys.executable, "-I", "-S", str(JAIL), json.dumps(order), *argv]
