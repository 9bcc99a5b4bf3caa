"""Whether the address of a connection stands in the settings, the environment or the code, or was made of a row."""

from __future__ import annotations

import ast
import functools
import linecache
import os
import re
import sys
from typing import Any, Callable, Iterator

HIDDEN = "…"
PLACE = re.compile(r"[\w./-]+")
LOOPBACK = re.compile(r"127(\.\d{1,3}){3}|::1|localhost")


class Hosts:
    """What is written down somewhere as a host or a socket's folder."""

    def __init__(self, is_library_file: Callable[[str], bool]) -> None:
        self._is_library_file = is_library_file
        self._settings: set[str] = set()

    def add_settings(self, values: Any) -> None:
        for text in _texts(values):
            self._settings.update(_places(text))

    def shown(self, address: str) -> str:
        """The address as it may be shown, to be asked on the stack of who wants the connection."""
        host = re.sub(r"^service |:\d+$", "", address).strip("[]")
        written = {host, host.rpartition("/")[0]} - {""}
        if LOOPBACK.fullmatch(host) or written & self._settings:
            return address
        if any(written & _places(value) for value in os.environ.values()):
            return address
        return address if any(written & _of_file(path) for path in self._stack()) else HIDDEN

    def _stack(self) -> Iterator[str]:
        """The project's files that are being run."""
        frame: Any = sys._getframe()
        seen: set[str] = set()
        while frame is not None:
            path = frame.f_code.co_filename
            if path not in seen and not self._is_library_file(path):
                seen.add(path)
                yield path
            frame = frame.f_back


@functools.lru_cache(maxsize=None)
def _of_file(path: str) -> frozenset[str]:
    try:
        tree = ast.parse("".join(linecache.getlines(path)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return frozenset(place for text in texts for place in _places(text))


def _places(text: str) -> frozenset[str]:
    """The words of a text, as hosts and paths are made: ``://user@db.example:5432/x`` has db.example."""
    words = PLACE.findall(text)
    bare = [word.strip("/") for word in words]
    return frozenset(
        [text, *words, *bare, *(word.rstrip("/") for word in words), *(one.partition("/")[0] for one in bare)]
    )


def _texts(value: Any, depth: int = 6) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict) and depth:
        for each in value.values():
            yield from _texts(each, depth - 1)
    elif isinstance(value, (list, tuple, set)) and depth:
        for each in value:
            yield from _texts(each, depth - 1)
