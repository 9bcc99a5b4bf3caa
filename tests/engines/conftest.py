"""What the tests with a real PostgreSQL share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.model import Address
from tests.support import djangos
from tests.support.server import Server, running


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running() as started:
        yield started


@pytest.fixture(params=djangos.STACKS, ids=str)
def stack(request: pytest.FixtureRequest) -> djangos.Stack:
    """Each Django with each driver that this machine has a Python for."""
    wanted: djangos.Stack = request.param
    reason = djangos.missing(wanted)
    if reason:
        pytest.skip(reason)
    return wanted


@pytest.fixture
def python(stack: djangos.Stack) -> Path:
    return djangos.interpreter(stack)


@pytest.fixture
def empty(server: Server) -> Iterator[Address]:
    """A database with nothing in it."""
    with server.database("probed") as address:
        yield address
