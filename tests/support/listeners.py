"""Listeners of this machine that confined code must not reach, and the code that tries."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# Stdlib of every Python 3; prints {label: "reached" or the error's name}.
TRY_ALL = """\
import json, socket, sys
answers = {}
for label, family, address in json.loads(sys.argv[1]):
    one = socket.socket(getattr(socket, family), socket.SOCK_STREAM)
    one.settimeout(5)
    try:
        one.connect(tuple(address) if isinstance(address, list) else address)
        answers[label] = "reached"
    except OSError as error:
        answers[label] = type(error).__name__
print(json.dumps(answers))
"""


@dataclass
class Listeners:
    """Sockets that accept; ``reached`` has the label of each that anybody connected to."""

    addresses: list[tuple[str, str, object]] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)

    @property
    def as_argument(self) -> str:
        return json.dumps(self.addresses)

    def tried(self, stdout: str) -> dict[str, str]:
        answers: dict[str, str] = json.loads(stdout)
        assert set(answers) == {label for label, _, _ in self.addresses}
        return answers


@contextlib.contextmanager
def listening(folders: Sequence[Path], *, relative: bool = True) -> Iterator[Listeners]:
    """Listen by TCP, on an abstract socket, and on unix sockets in ``folders``, one bound by a relative path."""
    listeners = Listeners()
    with contextlib.ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        _serve(listeners, "tcp", tcp, list(tcp.getsockname()))
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0migsim-test-{secrets.token_hex(4)}")
        _serve(listeners, "abstract", abstract, "\0" + abstract.getsockname()[1:].decode())
        for folder in folders:
            stack.enter_context(_unix(listeners, folder, folder / f"{secrets.token_hex(3)}.sock", folder))
        if relative:
            with contextlib.chdir(folders[0]):
                name = Path(f"{secrets.token_hex(3)}.sock")
                stack.enter_context(_unix(listeners, Path("relative"), name, folders[0]))
        yield listeners


@contextlib.contextmanager
def _unix(listeners: Listeners, label: Path, bound: Path, folder: Path) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(bound))
        path = folder / bound.name
        os.chmod(path, 0o777)
        _serve(listeners, str(label), one, str(path))
        try:
            yield
        finally:
            path.unlink()


def _serve(listeners: Listeners, label: str, one: socket.socket, address: object) -> None:
    one.listen()
    listeners.addresses.append((label, one.family.name, address))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                one.accept()[0].close()
                listeners.reached.add(label)

    threading.Thread(target=accept, daemon=True).start()
