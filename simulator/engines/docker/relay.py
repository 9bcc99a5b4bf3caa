"""Carries migsim's own connections to a server that no network reaches.

Each connection to a Unix socket in the run's folder becomes an exec in the project's container, whose stdin and
stdout a few lines of Python pump to and from the server's socket there. So it works with a remote daemon too.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from simulator.engines.docker import stream
from simulator.engines.docker.container import Container
from simulator.engines.docker.stream import Stream
from simulator.errors import EngineDied

CHUNK = 1 << 16
# Runs in the container, on any Python 3. Two threads, since either side may block while the other one talks. It is
# started before it is needed, so the server hears of it only with the client's first words.
SCRIPT = """
import os, socket, sys, threading
data = os.read(0, 65536)
if not data:
    sys.exit()
server = socket.socket(socket.AF_UNIX)
server.connect(sys.argv[1])
server.sendall(data)
def down():
    while True:
        data = server.recv(65536)
        if not data:
            os._exit(0)
        while data:
            data = data[os.write(1, data):]
threading.Thread(target=down, daemon=True).start()
while True:
    data = os.read(0, 65536)
    if not data:
        break
    server.sendall(data)
server.shutdown(socket.SHUT_WR)
threading.Event().wait()
"""


@contextlib.contextmanager
def listening(folder: Path, container: Container, python: str, target: str, port: int) -> Iterator[str]:
    """A socket directory on this machine whose connections end at ``target`` in the container; its path."""
    folder.mkdir(mode=0o700)
    relay = _Relay(container, (python, "-c", SCRIPT, target))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / f".s.PGSQL.{port}"))
        listener.listen(64)
        acceptor = threading.Thread(target=relay.accept, args=(listener,), daemon=True)
        acceptor.start()
        try:
            yield str(folder)
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # closing alone would not wake the thread that waits in accept
            acceptor.join()
            relay.end()


class _Relay:
    """The open connections, each with a thread for either direction, and one exec that waits for the next.

    Starting an exec takes longer than anything that migsim asks the server.
    """

    def __init__(self, container: Container, argv: tuple[str, ...]) -> None:
        self._container = container
        self._argv = argv
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._starter = ThreadPoolExecutor(max_workers=1)
        self._spare = self._starter.submit(container.attach, argv)

    def accept(self, listener: socket.socket) -> None:
        """Serve connections until the listener is shut down."""
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:
                self._open.add(connection)
                self._threads = [*(alive for alive in self._threads if alive.is_alive()), thread]
            thread.start()

    def end(self) -> None:
        """Hang up on everybody and wait for the threads."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._starter.shutdown()
        with contextlib.suppress(EngineDied, OSError):
            unused = self._spare.result()
            unused.abort()
            unused.close()

    def _attached(self) -> Stream:
        """The exec that waited, while the next one starts. Raises EngineDied."""
        with self._lock:
            ready, self._spare = self._spare, self._starter.submit(self._container.attach, self._argv)
        return ready.result()

    def _serve(self, connection: socket.socket) -> None:
        try:
            # A container that is gone ends the connection; whoever uses it then says so.
            with contextlib.suppress(EngineDied, OSError):
                self._pump(connection, self._attached())
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _pump(self, connection: socket.socket, attached: Stream) -> None:
        up = threading.Thread(target=_up, args=(connection, attached), daemon=True)
        up.start()
        try:
            for kind, part in attached.frames():
                if kind == stream.STDOUT:
                    connection.sendall(part)
        finally:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            attached.abort()
            up.join()
            attached.close()


def _up(connection: socket.socket, attached: Stream) -> None:
    """From the client to the server. A client that is gone ends the exec, which ends the server's session."""
    with contextlib.suppress(OSError):
        while data := connection.recv(CHUNK):
            attached.send(data)
    attached.abort()
