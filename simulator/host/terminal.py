"""Where migsim prints: reports and tables on stdout, progress and complaints on stderr."""

from __future__ import annotations

from typing import IO

from rich.console import Console


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Let it end the program, which rich would do with exit code 1: that means "would fail" here."""
        raise BrokenPipeError


def printer(*, stderr: bool = False, file: IO[str] | None = None) -> Console:
    """For lines that are printed as they are, however wide the terminal is."""
    return _Console(stderr=stderr, file=file, highlight=False, soft_wrap=True)


def progress_printer() -> Console:
    """For what a waiting person sees."""
    return _Console(stderr=True)
