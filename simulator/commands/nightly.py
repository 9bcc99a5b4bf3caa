"""``migsim nightly``: every scenario with a tag, each report kept in a dated folder, one table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from simulator import nights, scenarios


def run(tag: str, *, output: Path, jobs: int, engine: str, variables: Mapping[str, str]) -> int:
    """Rehearse them, ``jobs`` at a time. Raises UsageError where nothing has the tag."""
    tagged = scenarios.with_tag(tag, Path.cwd(), variables, os.environ)
    console = Console(highlight=False, soft_wrap=True)
    return nights.run_tagged(
        tagged,
        variables=variables,
        arguments=["--engine", engine],
        jobs=jobs,
        output=output,
        console=console,
    )
