"""Where a Docker engine is missing its tests say so loudly, and under CI they fail: none is skipped in silence."""

from __future__ import annotations

import os

import pytest

from tests.support.engines import why_no_docker


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    marked = [item for item in items if item.get_closest_marker("docker")]
    reason = why_no_docker() if marked else None
    if reason is None:
        return
    if os.environ.get("CI"):
        raise pytest.UsageError(f"CI must test the docker engine, and {reason}")
    for item in marked:
        item.add_marker(pytest.mark.skip(reason=f"NOT TESTED: {reason}"))
