"""The one try/except of the program: what went wrong -> a line, a hint, an exit code; for a bug also a log."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterator
from types import FrameType

import simulator
from simulator.errors import CannotTell, ExitCode, Interrupted, MigsimError, Terminated
from simulator.host import parent, terminal

_ROOM = "make room there, or name a bigger disk: MIGSIM_RUNS=/bigger/disk"
_LOOK = "see what stands there, and what this machine has: migsim doctor"
_RIGHTS = "see who may write there, or name other folders: MIGSIM_RUNS=… MIGSIM_CACHE=…"
# What the machine says no to, whatever was being done; with the next thing to try.
REFUSALS = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EROFS: _RIGHTS,
    errno.EMFILE: "allow more open files: ulimit -n 4096",
    errno.ENFILE: "end programs that hold many files open",
    errno.ENOMEM: "end programs that hold much memory",
    errno.EIO: "see what the system says of the disk: dmesg",
    errno.ESTALE: "mount the network's folder again",
    errno.ENOTCONN: "mount the network's folder again",
}


def guarded(command: Callable[[], int]) -> int:
    """Run a command; whatever it raises becomes one line on stderr and the exit code that the README names."""
    with _signals():
        try:
            parent.end_with_it()
            code = command()
            terminal.flush()  # here, where a reader who is gone is met with an exit code
            return code
        except MigsimError as error:
            complain(error)
            return error.exit_code
        except Interrupted:
            _print(*_ended("interrupted"))
            return ExitCode.INTERRUPTED
        except Terminated:
            _print(*_ended("terminated"))
            return ExitCode.TERMINATED
        except BrokenPipeError:
            terminal.forget_reader()
            return ExitCode.PIPE_CLOSED
        except Exception as error:
            explained = explain(error)
            complain(explained)
            return explained.exit_code


def _ended(how: str) -> list[str]:
    """That it ended, and what it could not remove."""
    from simulator.host import store  # not before it is needed: every command starts by way of this module

    left = store.left_by_this_process()
    if not left:
        return [f"migsim: {how}; everything that was started has been removed"]
    return [f"migsim: {how}; not removed: {', '.join(map(str, left))}", "hint: migsim clean"]


def complain(error: MigsimError) -> None:
    """The error's line and its hint, on stderr."""
    first, *more = error.lines
    _print(f"migsim: {first}", *more, *([f"hint: {error.hint}"] if error.hint else []))


def explain(error: Exception) -> MigsimError:
    """What to say of an exception that nobody expected: the machine's refusal, or a bug of migsim's."""
    if isinstance(error, FileNotFoundError) and not error.filename and not _is_somewhere():
        return CannotTell("the current folder is not there any more", "cd into one that is")
    if isinstance(error, OSError) and (error.errno in REFUSALS or (error.errno and error.filename)):
        where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        return CannotTell(f"{where}{error.strerror}", REFUSALS.get(error.errno or 0, _LOOK))
    return describe_bug(error)


def _is_somewhere() -> bool:
    try:
        return bool(os.getcwd())
    except OSError:
        return False


def describe_bug(error: Exception) -> MigsimError:
    """Write the traceback to a log that can be pasted into an issue; return the line that names it.

    It holds frames and classes, neither variables nor messages: those may quote a row, a password, a DSN.
    """
    text = (
        f"migsim {simulator.__version__}, Python {platform.python_version()}, {platform.platform()}\n\n"
        f"```\n{''.join(_frames(error))}```\n"
    )
    try:
        with tempfile.NamedTemporaryFile("w", prefix="migsim-bug-", suffix=".md", delete=False) as log:
            log.write(text)
        where = log.name
    except OSError:
        _print(*text.splitlines())
        where = "the lines above"
    bug = MigsimError(
        f"a bug in migsim: {type(error).__name__} (nothing was concluded about your migrations)",
        f"please report it with {where}",
    )
    bug.exit_code = ExitCode.BUG
    return bug


def _frames(error: BaseException) -> Iterator[str]:
    """Where it came from, the first of its chain first, as a traceback without messages."""
    before = error.__cause__ or error.__context__
    if before is not None:
        yield from _frames(before)
        yield "\nthen\n\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}\n"


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """SIGTERM and SIGHUP unwind like Ctrl-C, so that the context managers clean up; a second one waits for them."""

    def unwind(number: int, _frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_REAL, 0)  # a run's time limit must not end the cleaning up
        _print("migsim: cleaning up …")
        raise Interrupted if number == signal.SIGINT else Terminated

    # One that is ignored already (nohup, a shell's background job) stays ignored.
    caught = [
        number
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    ]
    before = {number: signal.signal(number, unwind) for number in caught}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print(*lines: str) -> None:
    with contextlib.suppress(OSError):
        terminal.printer(stderr=True).lines(lines)
