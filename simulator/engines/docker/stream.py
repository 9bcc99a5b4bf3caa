"""One exec's attached streams: the hijacked HTTP connection of ``POST /exec/ID/start``.

docker-py hands out the raw socket below its buffered reader, so bytes that arrived together with the response's
header are lost there when the machine is busy. This reads the header itself and keeps what follows.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
from collections.abc import Callable, Iterator

from simulator.engines.docker.client import Daemon
from simulator.errors import EngineDied

STDOUT, STDERR = 1, 2
CHUNK = 1 << 16
SECONDS_OF_SILENCE = 2  # until a watched stream asks whether anybody is there
_END_OF_HEADER = b"\r\n\r\n"
# A frame's header: which stream, three bytes of nothing, the length (Docker Engine API, "Attach to a container").
_FRAME = struct.Struct(">BxxxL")
_TIMEVAL = struct.Struct("ll")  # seconds, microseconds (socket(7), SO_RCVTIMEO)


class Stream:
    """Both directions of one running exec. Not for a terminal: the daemon frames its output."""

    def __init__(self, connection: socket.socket, already: bytes) -> None:
        self._connection = connection
        self._buffer = already
        self._is_running: Callable[[], bool] | None = None

    def watch(self, is_running: Callable[[], bool]) -> None:
        """End ``frames`` too when nothing comes and ``is_running`` says no.

        Where a container in another one's process namespace ends with that one, the daemon (20.10) leaves the streams
        of its execs open.
        """
        self._is_running = is_running
        # Not settimeout(): what is sent may wait for as long as the server is busy.
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _TIMEVAL.pack(SECONDS_OF_SILENCE, 0))

    def send(self, data: bytes) -> None:
        """Feed the command's stdin. Raises OSError once the command is gone."""
        self._connection.sendall(data)

    def end_input(self) -> None:
        """The command's stdin ends; its output goes on."""
        self._connection.shutdown(socket.SHUT_WR)

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """(STDOUT or STDERR, bytes) as they come, until the command and all that holds its streams has ended."""
        while header := self._exactly(_FRAME.size):
            kind, length = _FRAME.unpack(header)
            while length:
                part = self._some(min(length, CHUNK))
                if not part:
                    return
                length -= len(part)
                yield kind, part

    def close(self) -> None:
        self._connection.close()

    def abort(self) -> None:
        """End both directions now, so that a thread that waits in ``frames`` or ``send`` returns."""
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it was over already

    def _exactly(self, length: int) -> bytes:
        """So many bytes; none at the end of the stream (a header cut short is an end too)."""
        parts = b""
        while len(parts) < length:
            part = self._some(length - len(parts))
            if not part:
                return b""
            parts += part
        return parts

    def _some(self, most: int) -> bytes:
        if not self._buffer:
            try:
                self._buffer = self._receive()
            except ConnectionResetError:
                return b""
        part, self._buffer = self._buffer[:most], self._buffer[most:]
        return part

    def _receive(self) -> bytes:
        while True:
            try:
                return self._connection.recv(CHUNK)
            except (BlockingIOError, ssl.SSLWantReadError):
                if self._is_running and not self._is_running():
                    return b""


def start(daemon: Daemon, exec_id: str) -> Stream:
    """Start a created exec and attach to it. Raises EngineDied when the daemon refuses or is gone."""
    try:
        connection = daemon.connection()
        connection.sendall(_request(daemon, exec_id))
        header, rest = _read_header(connection)
    except OSError as error:
        raise EngineDied(f"the Docker daemon at {daemon.host} is gone: {error.strerror}", "docker info") from error
    status = header.split(b" ", 2)[1:2]
    if status not in ([b"101"], [b"200"]):
        connection.close()
        raise EngineDied(f"Docker would not run a command: {_reason(rest)}", "docker ps -a --filter label=migsim.run")
    return Stream(connection, rest)


def _request(daemon: Daemon, exec_id: str) -> bytes:
    body = json.dumps({"Detach": False, "Tty": False}).encode()
    return (
        f"POST /v{daemon.client.api.api_version}/exec/{exec_id}/start HTTP/1.1\r\n"
        "Host: docker\r\nContent-Type: application/json\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def _read_header(connection: socket.socket) -> tuple[bytes, bytes]:
    received = b""
    while _END_OF_HEADER not in received:
        part = connection.recv(CHUNK)
        if not part:
            raise ConnectionResetError(0, "it closed the connection")
        received += part
    header, _, rest = received.partition(_END_OF_HEADER)
    return header, rest


def _reason(body: bytes) -> str:
    """The daemon's own message out of an error's body, chunked or not."""
    start, end = body.find(b"{"), body.rfind(b"}")
    try:
        return str(json.loads(body[start : end + 1])["message"])
    except (ValueError, KeyError):
        return "it did not say why"
