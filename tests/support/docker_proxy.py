"""A Docker daemon as if it were remote: its local socket, served by TCP."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def over_tcp(path: str = "/var/run/docker.sock") -> Iterator[str]:
    """Serve the Unix socket on a free port of this machine; the DOCKER_HOST that names it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, path), daemon=True).start()
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, path: str) -> None:
    with contextlib.suppress(OSError):
        while True:
            near, _address = listener.accept()
            threading.Thread(target=_serve, args=(near, path), daemon=True).start()


def _serve(near: socket.socket, path: str) -> None:
    with near, socket.socket(socket.AF_UNIX) as far:
        far.connect(path)
        up = threading.Thread(target=_pump, args=(near, far), daemon=True)
        up.start()
        _pump(far, near)
        up.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Carry one direction, its end included."""
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
