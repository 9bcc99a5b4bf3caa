"""What the tests with a real PostgreSQL share."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.model import Address
from tests.support import blog, djangos
from tests.support.command import Command
from tests.support.places import own_folders
from tests.support.server import Server, running

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running() as started:
        yield started


@pytest.fixture(params=djangos.STACKS, ids=str)
def stack(request: pytest.FixtureRequest) -> djangos.Stack:
    """Each Django with each driver that this machine has a Python for; under CI all of them."""
    wanted: djangos.Stack = request.param
    if reason := djangos.missing(wanted):
        if os.environ.get("CI"):
            pytest.fail(f"CI must test {wanted}: {reason}", pytrace=False)
        pytest.skip(f"NOT TESTED: {reason}")
    return wanted


@pytest.fixture
def python(stack: djangos.Stack) -> Path:
    return djangos.interpreter(stack)


@pytest.fixture
def empty(server: Server) -> Iterator[Address]:
    """A database with nothing in it."""
    with server.database("probed") as address:
        yield address


@pytest.fixture(scope="session")
def short() -> Iterator[Path]:
    """A short folder for a session's runs, which share one cache."""
    with own_folders() as folder:
        yield folder


@pytest.fixture(scope="session")
def production(server: Server, short: Path) -> blog.Production:
    (short / "dumps").mkdir()
    return blog.Production(server, short / "dumps")


@pytest.fixture(scope="session")
def prod_dump(production: blog.Production) -> Path:
    """The blog's production as it should be: 0001 applied, its table there."""
    return production.dump(name="whole.dump")


@pytest.fixture
def migsim(short: Path, prod_dump: Path) -> Iterator[Command]:
    """The command in the blog's folder, with its code, a good dump and a scenario ``case``."""
    folder = short / f"t{next(_NUMBERS)}"
    (folder / "p").mkdir(parents=True)
    shutil.copyfile(prod_dump, folder / "p" / "prod.dump")
    blog.write(folder / "p")
    blog.scenario(folder / "p")
    yield Command(folder / "p", folder / "r")
    shutil.rmtree(folder, ignore_errors=True)
