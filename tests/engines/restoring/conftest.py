"""Servers, and dumps of a real database in every format, made once for all tests here."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from simulator.engines.base import Environment
from simulator.engines.embedded import EmbeddedEngine
from simulator.host import store
from tests.support import dumping
from tests.support.dumping import NEWEST, OLDEST, Source, compress
from tests.support.places import own_folders
from tests.support.plans import embedded_plan

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    with own_folders() as folder:
        yield folder


@pytest.fixture(scope="session")
def start(folder: Path) -> Iterator[Callable[[int, str], Environment]]:
    """Starts a server of some major for a purpose, until the session ends. Targets have the newest clients."""
    with ExitStack() as stack:
        running: dict[tuple[int, str], Environment] = {}

        def started(major: int, purpose: str) -> Environment:
            if (major, purpose) not in running:
                plan = embedded_plan(
                    folder / "project",
                    postgres_major=major,
                    client_major=major if purpose == "source" else NEWEST,
                    confine_required=False,
                )
                run = stack.enter_context(store.open_run())
                running[major, purpose] = stack.enter_context(EmbeddedEngine().open(plan, run))
            return running[major, purpose]

        yield started


@pytest.fixture(scope="session")
def server(start: Callable[[int, str], Environment]) -> Environment:
    """The oldest PostgreSQL here, to restore into."""
    return start(OLDEST, "target")


@pytest.fixture(scope="session")
def newest_server(start: Callable[[int, str], Environment]) -> Environment:
    """The newest PostgreSQL here."""
    return start(NEWEST, "target")


@pytest.fixture(scope="session")
def shop(start: Callable[[int, str], Environment]) -> Source:
    """The database that dumps are taken of, on a server of its own: where they are restored its roles are unknown."""
    return dumping.make(start(OLDEST, "source"), "shop")


@pytest.fixture(scope="session")
def newer_shop(start: Callable[[int, str], Environment]) -> Source:
    """The same on the newest PostgreSQL."""
    return dumping.make(start(NEWEST, "source"), "shop")


@pytest.fixture
def dbname() -> str:
    """A database name that no other test uses."""
    return f"target{next(_numbers)}"


@pytest.fixture(scope="session")
def shop_dumps(shop: Source, folder: Path) -> Mapping[str, Path]:
    """Dumps by the oldest pg_dump, by name: each format, and single files compressed."""
    made = {
        "custom": shop.dump(folder / "shop.dump", "-Fc", major=OLDEST),
        "uncompressed": shop.dump(folder / "shop-Z0.dump", "-Fc", "-Z0", major=OLDEST),
        "directory": shop.dump(folder / "shop.dir", "-Fd", major=OLDEST),
        "tar": shop.dump(folder / "shop.tar", "-Ft", major=OLDEST),
        "plain": shop.dump(folder / "shop.sql", "-Fp", major=OLDEST),
        "inserts": shop.dump(folder / "shop-inserts.sql", "-Fp", "--inserts", major=OLDEST),
    }
    for name in ("uncompressed", "tar", "plain"):
        made |= {f"{name}.{suffix}": compress(made[name], suffix) for suffix in ("gz", "xz", "zst")}
    return made
