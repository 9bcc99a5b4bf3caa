"""``migsim render``: a scenario after Jinja, as YAML for a pipe."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from simulator.host.terminal import Terminal
from simulator.scenario import files
from simulator.scenario import text as scenario_text


def run(name: str, *, cwd: Path, variables: Mapping[str, str], environ: Mapping[str, str], console: Terminal) -> int:
    """Print the text that the YAML parser gets, valid or not."""
    path = files.find(name, cwd)
    rendered = scenario_text.render(files.text_of(path), path=path, variables=variables, environ=environ)
    console.document(rendered.text)
    return 0
