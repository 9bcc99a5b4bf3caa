"""Finds the Docker daemon as the ``docker`` command would, and says in a sentence why it can't be used.

DOCKER_HOST and DOCKER_TLS_VERIFY first, then DOCKER_CONTEXT, then the current context, then the local socket.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import docker
import requests
from docker.constants import DEFAULT_UNIX_SOCKET
from docker.context import ContextAPI
from docker.context.config import get_current_context_name
from docker.tls import TLSConfig
from docker.utils import kwargs_from_env

from simulator.errors import CannotTell

SECONDS_TO_ANSWER = 10  # the first question to a daemon; a dead one must not hold up `migsim doctor`
SECONDS_FOR_ONE_REQUEST = 600  # a container's start, the upload of a tree: the run's own deadline is shorter
INSTALL = "install Docker Engine (https://docs.docker.com/engine/install/), or use: --engine embedded"


@dataclass(frozen=True)
class Daemon:
    """A Docker daemon that answered, and how to open another connection to it."""

    client: docker.DockerClient
    host: str  # unix:///var/run/docker.sock, tcp://build-box:2376 ...
    tls: TLSConfig | None = field(default=None, repr=False)

    @property
    def version(self) -> str:
        """The engine's version ("20.10.24")."""
        return str(self.client.version()["Version"])

    @property
    def half_closes(self) -> bool:
        """Whether one direction of a connection can be ended alone; TLS in Python can't."""
        return self.tls is None

    def connection(self) -> socket.socket:
        """A new connection to the daemon's API. Raises OSError."""
        return _open(self.host, self.tls)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.client.close()


def connect(host: str | None = None) -> Daemon:
    """The daemon (``host``: that one and no other), after it answered once. Raises CannotTell with the reason."""
    base_url, tls = _endpoint() if host is None or host == _endpoint()[0] else (host, None)
    if base_url.startswith("ssh://"):
        raise CannotTell(
            f"the Docker host {base_url} is reached over ssh, which migsim does not do by itself",
            f"ssh -fNL /tmp/docker.sock:/var/run/docker.sock {base_url.removeprefix('ssh://')}; "
            "export DOCKER_HOST=unix:///tmp/docker.sock",
        )
    try:
        _open(base_url, tls).close()  # our own attempt first: its errors are plain
        client = docker.DockerClient(base_url=base_url, tls=tls or False, timeout=SECONDS_TO_ANSWER)
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        raise _no_answer(base_url, error) from error
    client.api.timeout = SECONDS_FOR_ONE_REQUEST
    return Daemon(client, base_url, tls)


def _open(host: str, tls: TLSConfig | None) -> socket.socket:
    where = urlsplit(host)
    if where.scheme == "unix":
        return _open_unix(where.path)
    name = where.hostname or "localhost"
    tcp = socket.create_connection((name, where.port or 2375), timeout=SECONDS_TO_ANSWER)
    tcp.settimeout(None)
    return tcp if tls is None else _tls_context(tls).wrap_socket(tcp, server_hostname=name)


def _open_unix(path: str) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    try:
        made.connect(path)
    except OSError:
        made.close()
        raise
    return made


def _endpoint() -> tuple[str, TLSConfig | None]:
    try:
        found = kwargs_from_env() or _of_context()
    except docker.errors.DockerException as error:  # certificates that are not there, a context that can't be read
        said = str(error).strip().partition(". ")[0].splitlines()[0]
        raise CannotTell(
            f"Docker's own settings can't be used: {said}", "docker context ls; echo $DOCKER_HOST"
        ) from None
    base_url = str(found.get("base_url") or DEFAULT_UNIX_SOCKET).removeprefix("http+")
    tls = found.get("tls")
    return base_url, tls if isinstance(tls, TLSConfig) else None


def _of_context() -> dict[str, object]:
    name = os.environ.get("DOCKER_CONTEXT") or get_current_context_name()
    if ContextAPI.get_context(name) is None:
        raise CannotTell(f"the Docker context {name!r} does not exist", "docker context ls; docker context use default")
    return dict(ContextAPI.kwargs_from_context(name))


def _tls_context(tls: TLSConfig) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca_cert or None)
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert:
        certificate, key = tls.cert
        context.load_cert_chain(certificate, key)
    return context


def _no_answer(host: str, error: BaseException) -> CannotTell:
    causes = list(_chain(error))
    if any(isinstance(cause, FileNotFoundError) for cause in causes):
        return CannotTell(
            f"there is no Docker socket at {_path(host)}: Docker is not installed or not started", INSTALL
        )
    if any(isinstance(cause, PermissionError) for cause in causes):
        return CannotTell(f"this user may not open {_path(host)}", "sudo usermod -aG docker $USER, then log in again")
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return CannotTell(f"no Docker daemon listens at {host}", "sudo systemctl start docker")
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return CannotTell(f"the TLS handshake with the Docker daemon at {host} failed", "look at DOCKER_CERT_PATH")
    if any(isinstance(cause, TimeoutError | requests.Timeout) for cause in causes):
        return CannotTell(
            f"the Docker daemon at {host} did not answer within {SECONDS_TO_ANSWER} s", "sudo systemctl restart docker"
        )
    return CannotTell(f"the Docker daemon at {host} can't be used: {causes[-1]}", "docker info")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception, those inside its arguments (as requests nests them), and its causes."""
    seen: set[int] = set()
    todo: list[BaseException] = [error]
    while todo:
        current = todo.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = [*current.args, current.__cause__, current.__context__]
        todo += [item for item in inner if isinstance(item, BaseException)]


def _path(host: str) -> Path:
    return Path(urlsplit(host).path)
