"""The trace: JSON lines appended to a file of our own."""

from __future__ import annotations

import json
import os
from typing import Any

VERSION = 1


class Writer:
    """Appends events. The file is opened anew for each: code that closes every descriptor can't reach it.

    A forked child of the project may report only attempts to connect; an ``end`` of its own would be a lie.
    """

    def __init__(self, path: str) -> None:
        self._path = os.path.abspath(path)
        self._owner = os.getpid()
        self._broken = False

    def event(self, name: str, /, **fields: Any) -> None:
        """Append one line, whole. Once a line was lost (a full disk) none follows, so the trace stays incomplete."""
        if self._broken or (os.getpid() != self._owner and name != "attempt"):
            return
        line = json.dumps(dict({"v": VERSION, "event": name}, **fields), default=str) + "\n"
        try:
            self._append(line.encode("utf-8", "backslashreplace"))
        except OSError:
            self._broken = True

    def _append(self, data: bytes) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while data:
                data = data[os.write(descriptor, data) :]
        finally:
            os.close(descriptor)
