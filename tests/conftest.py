"""Where a Docker engine is missing its tests say so loudly, and under CI they fail: none is skipped in silence.

Those that are there run one after the other, in one worker: what one leaves in Docker must not pass for what another
one left.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.support.engines import why_no_docker


@pytest.fixture(autouse=True)
def _one_docker_test_at_a_time(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    if request.node.get_closest_marker("docker") is None:
        yield
        return
    if reason := why_no_docker():  # elsewhere than in CI it was skipped
        pytest.fail(f"CI must test the docker engine, and {reason}", pytrace=False)
    # The parent of a worker's own folder is the whole session's.
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    with (shared / "docker.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    marked = [item for item in items if item.get_closest_marker("docker")]
    reason = why_no_docker() if marked else None
    if reason is None or os.environ.get("CI"):
        return
    for item in marked:
        item.add_marker(pytest.mark.skip(reason=f"NOT TESTED: {reason}"))


class OneForDocker(LoadScopeScheduling):
    """Files go to whichever worker is free, and all that needs Docker to one: two would wait for each other."""

    def _split_scope(self, nodeid: str) -> str:
        return "docker" if "docker" in nodeid else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> OneForDocker:
    return OneForDocker(config, log)
