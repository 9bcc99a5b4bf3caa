"""Carries connections to the server from within its own namespaces. For ``jail.py``: stdlib only.

Whoever runs SQL on the server can put another socket, or a link to one, in the place of the server's. In here such a
path leads to nothing of the machine outside, and a socket that another process of the server's user listens on is
refused: the kernel says which process it was (SO_PEERCRED, unix(7)).
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Callable, Sequence

CHUNK = 1 << 16
PATIENCE = 5.0  # seconds to connect; a full queue of somebody else's socket would block for ever
_CREDENTIALS = struct.Struct("iII")  # pid, uid, gid


class Relay:
    """A process beside the command, in its namespaces and of its user, that leads to where the command listens."""

    def __init__(self, order: Sequence[str]) -> None:
        """``order``: a listening descriptor and the path to lead to; empty: there is nothing to do."""
        self._listener, self._path = None, ""
        if order:
            descriptor, self._path = int(order[0]), order[1]
            os.set_inheritable(descriptor, False)  # not for the command
            self._listener = socket.socket(fileno=descriptor)

    def start(self, command: int, prepare: Callable[[], None]) -> None:
        """Fork; the new process prepares itself, then serves until it is ended. ``command`` is who has to listen."""
        if self._listener is None:
            return
        if os.fork():
            self.close()
            return
        try:
            prepare()
            serve(self._listener, self._path, command)
        finally:
            os._exit(1)

    def close(self) -> None:
        """Leave the listening to the process that serves, so that it ends with that one."""
        if self._listener is not None:
            self._listener.close()


def serve(listener: socket.socket, path: str, server: int) -> None:
    """Connect whoever comes to the socket at ``path``, which process ``server`` listens on; until the end."""
    while True:
        connection, _address = listener.accept()
        threading.Thread(target=_carry, args=(connection, path, server), daemon=True).start()


def _carry(client: socket.socket, path: str, server: int) -> None:
    with client, contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as upstream:
        upstream.settimeout(PATIENCE)
        upstream.connect(path)
        upstream.settimeout(None)
        if listener_of(upstream) != server:
            return
        up = threading.Thread(target=_pump, args=(client, upstream), daemon=True)
        up.start()
        _pump(upstream, client)
        client.shutdown(socket.SHUT_RDWR)
        up.join()


def listener_of(connected: socket.socket) -> int:
    """The process that listens on the other end of a connected socket, as this process numbers it."""
    pid, _uid, _gid = _CREDENTIALS.unpack(
        connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    )
    return int(pid)


def _pump(source: socket.socket, target: socket.socket) -> None:
    """One direction. What is not sent any more is told onwards: a client that is gone ends its session."""
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
