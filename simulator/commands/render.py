"""``migsim render``: a scenario after Jinja, as YAML for a pipe."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from simulator.host.terminal import Terminal
from simulator.scenario import files


def run(name: str, *, cwd: Path, variables: Mapping[str, str], environ: Mapping[str, str], console: Terminal) -> int:
    """Print the text that the YAML parser gets, valid or not."""
    with files.reader() as reading:
        console.document(reading.render(files.find(name, cwd), variables, environ))
    return 0
