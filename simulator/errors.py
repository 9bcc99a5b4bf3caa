"""What migsim says instead of a traceback: one line that is true, and a hint to type."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from simulator.wording import one_line


class ExitCode(IntEnum):
    """How migsim ends; the section "exit codes" of the README explains each."""

    SAFE = 0  # or exactly as the scenario expects; or what was asked for is done
    WOULD_FAIL = 1
    USAGE = 2
    CANNOT_TELL = 3
    BUG = 4
    INTERRUPTED = 130  # 128 + SIGINT, as a shell says it
    PIPE_CLOSED = 141  # 128 + SIGPIPE
    TERMINATED = 143  # 128 + SIGTERM


# Several scenarios: the first of these that occurred is the whole run's exit code.
MOST_SEVERE_FIRST = (ExitCode.BUG, ExitCode.WOULD_FAIL, ExitCode.CANNOT_TELL, ExitCode.SAFE)


def most_severe(codes: Sequence[int]) -> ExitCode:
    """The exit code of several scenarios: the first of 4, 1, 3, 0 that occurred."""
    return next(code for code in MOST_SEVERE_FIRST if code in codes)


class MigsimError(Exception):
    """Something the user can act on. ``exit_code`` is the one that section 'exit codes' of the README names.

    The message names the user's own file, key, migration or relation; the hint is the next thing to type. Both are
    printed, so what a name holds that is not seen stands in them as an escape; only several messages have line ends.
    """

    exit_code = ExitCode.CANNOT_TELL

    def __init__(self, message: str | Sequence[str], hint: str = "") -> None:
        self.lines = tuple(map(one_line, [message] if isinstance(message, str) else message))
        self.message = "\n".join(self.lines)
        self.hint = one_line(hint)
        super().__init__(self.message)


class UsageError(MigsimError):
    """The command line or the scenario is wrong; nothing was started."""

    exit_code = ExitCode.USAGE


class CannotTell(MigsimError):
    """The rehearsal could not find out: no engine, a broken dump, a build that failed, a timeout."""


class TimedOut(CannotTell):
    """The time that the scenario allows is over; what was running has been stopped."""


class EngineDied(CannotTell):
    """The engine, its server or a container went away in the middle of a run."""


class Interrupted(BaseException):
    """Ctrl-C. Not KeyboardInterrupt itself, of which typer makes an exit code without a word."""


class Terminated(BaseException):
    """SIGTERM or SIGHUP arrived. No ``except Exception`` swallows it."""
