"""Pythons that have one Django and one driver each, made once into the cache."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from simulator.engines.embedded import interpreters
from simulator.errors import CannotTell
from simulator.host import store

PSYCOPG2, PSYCOPG3 = "psycopg2-binary", "psycopg[binary]"


@dataclass(frozen=True)
class Stack:
    """What a project's environment consists of."""

    python: str
    django: str
    driver: str

    def __str__(self) -> str:
        return f"django{self.django}-{'psycopg2' if self.driver == PSYCOPG2 else 'psycopg3'}"

    @property
    def driver_name(self) -> str:
        return self.driver.split("-")[0].split("[")[0]


STACKS = (
    Stack("3.8", "3.2", PSYCOPG2),
    Stack("3.11", "4.2", PSYCOPG2),
    Stack("3.11", "4.2", PSYCOPG3),
    Stack("3.11", "5.2", PSYCOPG2),
    Stack("3.11", "5.2", PSYCOPG3),
    Stack("3.12", "6.0", PSYCOPG3),
)


def missing(stack: Stack) -> str | None:
    """Why this machine can't have it: no such interpreter, in a sentence that lists those there are."""
    try:
        interpreters.find(stack.python)
    except CannotTell as error:
        return error.message
    return None


def interpreter(stack: Stack) -> Path:
    """Its ``python``; built by uv the first time."""
    python = interpreters.find(stack.python).path
    with store.cached("test-djangos", f"{stack}-{stack.python}") as (folder, ready):
        if not ready:
            _uv("venv", "--quiet", "--allow-existing", "--python", str(python), str(folder))
            _uv("pip", "install", "--quiet", "--python", str(folder), f"django=={stack.django}.*", stack.driver)
    return folder / "bin" / "python"


def _uv(*arguments: str) -> None:
    subprocess.run([find_uv_bin(), *arguments], check=True)
