"""The one way out: reports and tables on stdout, progress and complaints on stderr, a report's file.

Names come from dumps, branches and files of others. Whatever is printed as a line is one line, and shows what of it
is not seen (escapes, line ends, what turns the direction of writing) as an escape, so that no name can write a line of
its own, hide one, or send the terminal a command.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import IO

from rich.console import Console
from rich.text import Text

from simulator.errors import CannotTell
from simulator.wording import is_seen, one_line

_LAYOUT = "\n\t"


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Let it end the program, which rich would do with exit code 1: that means "would fail" here."""
        raise BrokenPipeError


class Terminal:
    """Where a person or a program reads. ``file``: in place of stdout or stderr."""

    def __init__(self, *, stderr: bool = False, file: IO[str] | None = None) -> None:
        self._console = _Console(stderr=stderr, file=file, highlight=False, emoji=False)
        # What is said beside the answer does not keep the answer from being given.
        self._written = _said if stderr else _written

    @property
    def is_terminal(self) -> bool:
        """Whether a person reads along."""
        return self._console.is_terminal

    @property
    def file(self) -> IO[str]:
        """Where it all goes."""
        return self._console.file

    def line(self, text: str = "", *, markup: bool = False) -> None:
        """One line, however long; with ``markup``, in rich's, whose values are escaped."""
        with self._written():
            self._console.print(one_line(text), markup=markup, soft_wrap=True)

    def lines(self, texts: Iterable[str], *, markup: bool = False) -> None:
        """A line each."""
        for text in texts:
            self.line(text, markup=markup)

    def document(self, text: str) -> None:
        """A text that a program reads, as it is; on a terminal, what is not seen in its lines is shown there, too."""
        shown = "".join(one if one in _LAYOUT or is_seen(one) else one_line(one) for one in text)
        with self._written():
            self._console.file.write(shown if self.is_terminal else text)

    @contextlib.contextmanager
    def waiting(self, text: str) -> Iterator[Callable[[str], None]]:
        """A live line while the block runs; yields what changes it. For where ``is_terminal``."""
        with self._console.status(Text(one_line(text))) as status:
            yield lambda other: status.update(Text(one_line(other)))


def printer(*, stderr: bool = False, file: IO[str] | None = None) -> Terminal:
    """For what a command was asked for; or, on ``stderr``, for what is said beside it."""
    return Terminal(stderr=stderr, file=file)


def flush() -> None:
    """Write what is still kept; here a reader who has gone is met. Raises BrokenPipeError, and CannotTell."""
    with _written():
        sys.stdout.flush()


def _said() -> contextlib.AbstractContextManager[None]:
    return contextlib.suppress(OSError)


@contextlib.contextmanager
def _written() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        forget_reader()
        raise CannotTell(
            f"the output can't be written: {error.strerror}", "see where it goes, or name a folder: --output reports"
        ) from None


def forget_reader() -> None:
    """Nothing more is said on stdout, by Python at its end either: who read it has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
