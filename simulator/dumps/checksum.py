"""A dump's SHA-256, computed beside the restore: reading 200 GB twice in a row would cost minutes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from simulator import dumps
from simulator.model import Dump


class Checksum:
    """A checksum that is being computed."""

    def __init__(self, dump: Dump) -> None:
        self._dump = dump
        self._value: str | None = None
        # A daemon, so that Ctrl-C waits for no disk.
        self._thread = threading.Thread(target=self._compute, daemon=True)

    @classmethod
    @contextmanager
    def of(cls, dump: Dump) -> Iterator[Checksum]:
        """Start computing; what is not ready at the end is left alone."""
        checksum = cls(dump)
        checksum._thread.start()
        yield checksum

    def value(self) -> str | None:
        """The hexadecimal digest, waited for; None when the file could not be read to its end."""
        self._thread.join()
        return self._value

    def _compute(self) -> None:
        try:
            self._value = dumps.sha256(self._dump.path)
        except OSError:
            self._value = None
