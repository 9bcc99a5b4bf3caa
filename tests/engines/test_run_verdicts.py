"""The whole command on a small blog: what decides between safe, would-fail and unknown, and the exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import blog
from tests.support.blog import Production, migration_of
from tests.support.command import Command
from tests.support.probing import migration


def test_production_that_is_what_its_history_says_is_safe(migsim: Command) -> None:
    report = migsim.rehearse()
    assert (report["verdict"], report["exit_code"], report["failure"]) == ("safe", 0, None)
    assert report["history"]["pending"] == ["blog.0002_tag"]
    assert report["models_read"] == 2
    assert report["role"] == blog.OWNER
    assert [(one["name"], one["finished"]) for one in report["migrations"]] == [("blog.0002_tag", True)]
    assert (report["warnings"], report["connections_tried"]) == ([], [])
