"""A call in a child: its value or its exception, within limits, and a new child after one that broke them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import psutil
import pytest

from simulator.host.limited import Limited, OverTheLimit


@pytest.fixture
def limited() -> Iterator[Limited]:
    with Limited(seconds=1, megabytes=60) as child:
        yield child


def spin() -> None:
    while True:
        pass


def grow() -> int:
    return len(bytes(200_000_000))


def nest(depth: int = 0) -> int:
    return nest(depth + 1)


def crash() -> None:
    os._exit(1)


def test_calls_share_a_child_that_ends_with_the_block() -> None:
    with Limited(seconds=1, megabytes=60) as child:
        pids = {child.call(os.getpid) for _ in range(3)}
        assert len(pids) == 1
        assert os.getpid() not in pids
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_an_exception_is_the_functions_own(limited: Limited) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        limited.call(int, "x")


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (spin, "more than 1 seconds"),
        (grow, "more than 60 MB of memory"),
        (nest, "more levels of nesting"),
        (crash, "or of its stack"),
    ],
)
def test_what_breaks_a_limit_is_told_and_the_next_call_is_answered(
    limited: Limited, function: object, words: str
) -> None:
    with pytest.raises(OverTheLimit, match=words):
        limited.call(function)  # type: ignore[arg-type]
    assert limited.call(len, "next") == 4


def test_each_call_has_the_time_for_itself(limited: Limited) -> None:
    assert limited.call(burn) < limited.call(burn) < limited.call(burn)


def burn() -> float:
    """Processor seconds of the child's whole life, after 0.7 more of them."""
    until = time.process_time() + 0.7
    while time.process_time() < until:
        pass
    return time.process_time()
