"""``migsim images``: the images that an engine needs; listed, pulled, or built from Debian packages."""

from __future__ import annotations

from simulator import engines
from simulator.errors import ExitCode
from simulator.host.terminal import Terminal
from simulator.wording import escape


def run(names: tuple[str, ...], *, pull: bool, build: bool, console: Terminal) -> int:
    """Say which images are here, after getting the missing ones if asked to; 3 when one is still missing."""
    problems = []
    for engine in engines.every():
        told = engine.obtain_images(names, pull=pull, build=build, tell=console.line)
        for image, problem in told:
            mark = "[green]here   [/]" if problem is None else "[red]missing[/]"
            console.line(f"{mark}  {escape(image)}" + (f"  {escape(problem)}" if problem else ""), markup=True)
            problems.append(problem)
    return ExitCode.CANNOT_TELL if any(problems) else ExitCode.SAFE
