"""What is wrong with a scenario file: every problem at once, each with its line and key path."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from simulator.errors import UsageError


@dataclass(frozen=True)
class Problem:
    """One thing to mend. ``line`` counts from 1 (0: unknown), in the file, or in the rendered text if ``rendered``."""

    text: str
    line: int = 0
    key: str = ""  # "django.build.context"
    rendered: bool = False

    def at(self, path: Path) -> str:
        """The problem as one line: ``file:line: key.path: what is wrong``."""
        place = f"{path}:{self.line}" if self.line and not self.rendered else str(path)
        rendered = f"line {self.line} after rendering" if self.line and self.rendered else ""
        return ": ".join(part for part in (place, rendered, self.key, self.text) if part)


class ScenarioProblems(UsageError):
    """A scenario file that can't be used; the message has one line for each problem."""

    def __init__(self, path: Path, problems: Iterable[Problem]) -> None:
        self.path = path
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.rendered, problem.line)))
        super().__init__(
            [problem.at(path) for problem in self.problems],
            f"migsim validate {shlex.quote(str(path))}",
        )


def nearest(word: str, known: Iterable[str]) -> str:
    """``; did you mean "x"?`` for the known word that looks most like this one, else nothing."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'; did you mean "{near[0]}"?' if near else ""


def key_path(location: Sequence[str | int]) -> str:
    """A location in a document as a person writes it: ``baseline[1].restore``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
