"""What migsim says instead of a traceback: one line that is true, and a hint to type."""

from __future__ import annotations


class MigsimError(Exception):
    """Something the user can act on. ``exit_code`` is the one that section 'exit codes' of the README names.

    The message names the user's own file, key, migration or relation; the hint is the next thing to type.
    """

    exit_code = 3

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(MigsimError):
    """The command line or the scenario is wrong; nothing was started."""

    exit_code = 2


class CannotTell(MigsimError):
    """The rehearsal could not find out: no engine, a broken dump, a build that failed, a timeout."""


class EngineDied(CannotTell):
    """The engine, its server or a container went away in the middle of a run."""


class Interrupted(BaseException):
    """Ctrl-C. Not KeyboardInterrupt itself, of which typer makes an exit code without a word."""


class Terminated(BaseException):
    """SIGTERM or SIGHUP arrived. No ``except Exception`` swallows it."""
