"""``migsim list``: the scenarios that can be named here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from simulator.errors import UsageError
from simulator.host.terminal import Terminal
from simulator.scenario import files
from simulator.wording import json_text

SCHEMA = "migsim.scenarios/1"


@dataclass(frozen=True)
class Row:
    """One scenario; ``problem`` is the first thing wrong with it, or nothing."""

    name: str
    path: str
    tags: tuple[str, ...] = ()
    description: str = ""
    problem: str = ""


def run(*, cwd: Path, output_format: Literal["text", "json"], environ: Mapping[str, str], console: Terminal) -> int:
    """Print every scenario by name, the shipped ones as ``sample/NAME``."""
    named = {files.name_of(path): path for path in files.all_scenarios(cwd)}
    named |= files.shipped_scenarios(cwd)
    with files.reader() as reading:
        rows = [_row(reading, name, path, environ) for name, path in named.items()]
    if output_format == "json":
        console.document(json_text({"schema": SCHEMA, "scenarios": [asdict(row) for row in rows]}, indent=2) + "\n")
        return 0
    for line in _lines(rows, cwd):
        console.line(line)
    if all(name.startswith(files.SAMPLE) for name in named):
        console.line("no scenario of your own here; hint: migsim init")
    return 0


def _row(reading: files.Reader, name: str, path: Path, environ: Mapping[str, str]) -> Row:
    try:
        scenario = reading.read(path, {}, environ).scenario
    except UsageError as error:
        return Row(name, str(path), problem=error.lines[0])
    return Row(name, str(path), scenario.tags, scenario.description)


def _lines(rows: list[Row], cwd: Path) -> list[str]:
    width = max((len(row.name) for row in rows), default=0)
    lines = []
    for row in rows:
        tags = f"[{', '.join(row.tags)}] " if row.tags else ""
        said = f"not usable: {row.problem}" if row.problem else f"{tags}{row.description}"
        lines.append(f"{row.name.ljust(width)}  {said}".rstrip())
        lines.append(f"{' ' * width}  {_shown(Path(row.path), cwd)}")
    return lines


def _shown(path: Path, cwd: Path) -> str:
    return str(path.relative_to(cwd)) if path.is_relative_to(cwd) else str(path)
