"""``migsim showmigrations``: the baseline's history against the code's files."""

from __future__ import annotations

from typing import Literal

from simulator import engines
from simulator.host import store
from simulator.host.progress import Progress
from simulator.host.terminal import Terminal
from simulator.model import History
from simulator.run import history_of
from simulator.scenario.files import LoadedScenario
from simulator.wording import json_text

SCHEMA = "migsim.history/1"


def run(
    loaded: LoadedScenario, engine: str, form: Literal["text", "json"], console: Terminal, progress: Progress
) -> int:
    """Print every migration with its mark: applied, pending, recorded but not on disk."""
    store.sweep(engines.remove)
    history = history_of(loaded, engine, progress)
    if form == "json":
        console.document(json_text(as_data(loaded.scenario.name, history)) + "\n")
        return 0
    for line in lines(history):
        console.line(line)
    return 0


def as_data(scenario: str, history: History) -> dict[str, object]:
    """The history as JSON's values."""
    return {
        "schema": SCHEMA,
        "scenario": scenario,
        "applied": list(history.applied),
        "pending": list(history.pending),
        "not_on_disk": list(history.not_on_disk),
        "renamed": dict(history.renamed),
    }


def lines(history: History) -> list[str]:
    """Django's own marks, grouped by app; ``[?]`` is recorded but not on disk."""
    marked = dict.fromkeys(history.applied, "[X]")
    marked |= dict.fromkeys(history.pending, "[ ]")
    marked |= dict.fromkeys(history.not_on_disk, "[?]")
    result: list[str] = []
    app = ""
    for name in sorted(marked):
        label, _, migration = name.partition(".")
        if label != app:
            app = label
            result.append(app)
        result.append(f" {marked[name]} {migration}{_note(name, history)}")
    return result


def _note(name: str, history: History) -> str:
    if name not in history.not_on_disk:
        return ""
    new = history.renamed.get(name)
    return f"  recorded, on disk as {new}" if new else "  recorded, not on disk"
