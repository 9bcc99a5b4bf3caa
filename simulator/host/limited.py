"""Functions called in a child process that may take so much time and memory and no more."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import time
import warnings
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

# How long a call may wait for something else than the processor, in times of what it may take of that.
PATIENCE = 10


class OverTheLimit(Exception):
    """A call took more than it may; says of what: "more than 2 seconds"."""


class Limited:
    """One child, forked at the first call, for one call after the other; a new one after a call that broke a limit.

    Without fork (Windows) functions are called here, without limits. It ends with the block, and with its parent.
    """

    def __init__(self, *, seconds: int, megabytes: int) -> None:
        self._seconds = seconds
        self._megabytes = megabytes
        self._child: Any = None
        self._pipe: Connection[Any, Any] | None = None

    def __enter__(self) -> Limited:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Its value or its exception. Arguments and value are copied, so they have to be picklable.

        Raises OverTheLimit.
        """
        if not hasattr(os, "fork"):
            return function(*args, **kwargs)
        pipe = self._pipe or self._begin()
        try:
            pipe.send((function, args, kwargs))
            if not pipe.poll(self._seconds * PATIENCE):
                raise OverTheLimit(f"more than {self._seconds * PATIENCE} seconds")
            kind, value = pipe.recv()
        except (EOFError, ConnectionError):
            raise OverTheLimit(self._last_words()) from None
        except BaseException:
            self._end()
            raise
        match kind:
            case "value":
                return value  # type: ignore[no-any-return]  # of what the function returns
            case "limit":
                self._end()
                raise OverTheLimit(value)
        # Of no limit: raised here once more, where its traceback can be told.
        return function(*args, **kwargs)

    def _begin(self) -> Connection[Any, Any]:
        fork = get_context("fork")
        ours, theirs = fork.Pipe()
        self._child = fork.Process(target=_serve, args=(theirs, ours, self._seconds, self._megabytes), daemon=True)
        with warnings.catch_warnings():
            # Python 3.12 warns of threads whose locks the child would find taken; it waits for none of theirs.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._child.start()
        theirs.close()
        self._pipe = ours
        return ours

    def _last_words(self) -> str:
        """Of a child that is gone, by how it ended."""
        self._child.join()
        code = self._child.exitcode
        self._end()
        if code == -signal.SIGXCPU:
            return f"more than {self._seconds} seconds"
        return f"more than {self._megabytes} MB of memory, or of its stack"

    def _end(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
            self._child.kill()
            self._child.join()
        self._pipe = self._child = None


def _serve(pipe: Connection[Any, Any], parents: Connection[Any, Any], seconds: int, megabytes: int) -> None:
    """What the child does until its parent closes the pipe or is gone."""
    parents.close()  # or it would hold the other end of its own pipe open
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is for the parent
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    _limit_memory(megabytes)
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            function, args, kwargs = pipe.recv()
            _limit_time(seconds)
            pipe.send(_answer(function, args, kwargs, megabytes))


def _answer(function: Callable[..., object], args: Any, kwargs: Any, megabytes: int) -> tuple[str, object]:
    try:
        return "value", function(*args, **kwargs)
    except MemoryError:
        return "limit", f"more than {megabytes} MB of memory"
    except RecursionError:
        return "limit", "more levels of nesting than can be followed"
    except BaseException:
        return "error", None


def _limit_memory(megabytes: int) -> None:
    import resource

    import psutil

    with contextlib.suppress(ValueError, OSError):  # a system that sets no such limit, or a lower one already
        most = psutil.Process().memory_info().vms + megabytes * 1_000_000
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _limit_time(seconds: int) -> None:
    """From now on; the kernel counts the whole life of a process, in whole seconds."""
    import resource

    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        most = math.ceil(time.process_time()) + seconds
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))
