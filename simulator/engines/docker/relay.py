"""Carries migsim's own connections to a server that no network reaches.

Each connection to a Unix socket in the run's folder becomes an exec in a container of the relay's own, whose stdin and
stdout a few lines of Python pump to and from the server's socket there. So it works with a remote daemon too. The
container has no network and no other socket, so a path that SQL of a dump put in the socket's place leads nowhere; and
it shares the server's process numbers, so that a program that such SQL started is not taken for the server.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from simulator.engines.docker import server, stream
from simulator.engines.docker.clients import PORT
from simulator.engines.docker.container import Container
from simulator.engines.docker.objects import WAIT_FOREVER, Objects
from simulator.engines.docker.place import Place
from simulator.engines.docker.server import Starting
from simulator.engines.docker.stream import Stream
from simulator.errors import CannotTell, EngineDied

CHUNK = 1 << 16
# Runs in the container, on any Python 3. Two threads, since either side may block while the other one talks. It is
# started before it is needed, so the server hears of it only with the client's first words. The postmaster is the
# first process that the container's init started: whoever is orphaned later is init's child too, with a higher number.
SCRIPT = """
import os, socket, struct, sys, threading
def parent(pid):
    try:
        with open("/proc/%d/status" % pid) as lines:
            return next(line.split()[1] for line in lines if line.startswith("PPid:"))
    except (OSError, StopIteration):
        return ""
def postmaster():
    return next(pid for pid in sorted(map(int, filter(str.isdigit, os.listdir("/proc")))) if parent(pid) == "1")
data = os.read(0, 65536)
if not data:
    sys.exit()
server = socket.socket(socket.AF_UNIX)
server.connect(sys.argv[1])
peer = struct.unpack("iII", server.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
if peer[0] != postmaster():
    sys.exit("another process listens in the server's place")
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


def start(objects: Objects, suffix: str, code: Place, starting: Starting) -> Container:
    """Start the container beside a server, from the project's image, since that has a Python.

    As root without a capability but to read what only the image's user may: the server's user can't touch it, nor can
    the project's code. Raises CannotTell, with the server's last words where that has ended.
    """
    try:
        name = objects.container(
            suffix,
            code.image,
            entrypoint=WAIT_FOREVER,
            mounts=[mount for mount in code.mounts if mount["ReadOnly"]],
            healthcheck={"test": ["NONE"]},
            pid_mode=f"container:{starting.container.name}",
            init=False,
            cap_add=["DAC_OVERRIDE"],
            user="0",
        )
    except CannotTell:
        server.wait(starting)
        raise
    return Container(objects.daemon, name, f"the relay's container ({code.image})", user="0")


@contextlib.contextmanager
def listening(folder: Path, container: Container, python: str, target: str) -> Iterator[str]:
    """A socket directory on this machine whose connections end at ``target`` in the container; its path."""
    folder.mkdir(mode=0o700)
    relay = _Relay(container, (python, "-c", SCRIPT, target))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / f".s.PGSQL.{PORT}"))
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
        attached = ready.result()
        attached.watch(self._container.is_running)
        return attached

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
