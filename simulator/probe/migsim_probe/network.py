"""Connections that the project's code tries to open to anything but the sandbox: seen, and refused under guard.

Sockets of Python are seen by an audit hook. libpq opens its own in C, where no hook looks, so the drivers' connect
functions are wrapped.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from typing import Any, Callable, Iterable, Mapping

from migsim_probe.imports import after_import

LOOPBACK = ("", "localhost", "127.0.0.1", "::1", "0.0.0.0", "::")
OUTWARD = (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)
DEFAULT_PORT = "5432"


class Watch:
    """Reports each address once, and says what to do about it."""

    def __init__(self, allowed: Iterable[Mapping[str, Any]], guard: bool, report: Callable[[str, str], None]) -> None:
        self._allowed = {(str(entry["HOST"]), str(entry["PORT"] or DEFAULT_PORT)) for entry in allowed}
        self._guard = guard
        self._report = report
        self._seen: set[tuple[str, str]] = set()

    def attempts(self) -> tuple[str, ...]:
        return tuple(address for _kind, address in sorted(self._seen))

    def install(self) -> None:
        sys.addaudithook(self._audit)
        after_import("psycopg2", self._wrap_psycopg2)
        after_import("psycopg", self._wrap_psycopg)

    def saw(self, kind: str, address: str) -> None:
        if (kind, address) not in self._seen:
            self._seen.add((kind, address))
            self._report(kind, address)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect":
            if arguments[0].family in OUTWARD:
                self._on_connect(arguments[1])
        elif event == "socket.getaddrinfo":
            self._on_lookup(arguments[0], arguments[1])

    def _on_connect(self, address: Any) -> None:
        kind, name = _socket_name(address)
        if not name or self._is_sandbox(kind, address):
            return
        self.saw(kind, name)
        if self._guard:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "refused: not the sandbox", name)

    def _on_lookup(self, host: Any, port: Any) -> None:
        name = _text(host)
        if name in LOOPBACK or name in {allowed for allowed, _port in self._allowed}:
            return
        self.saw("tcp", _host_port(name, port) if port else name)
        if self._guard:
            raise socket.gaierror(socket.EAI_FAIL, "refused: not the sandbox")

    def _is_sandbox(self, kind: str, address: Any) -> bool:
        if kind == "unix":
            return any(_text(address) == "{}/.s.PGSQL.{}".format(*allowed) for allowed in self._allowed)
        return (_text(address[0]), str(address[1])) in self._allowed

    def _on_libpq(self, parameters: Mapping[str, Any], error: Callable[[str], BaseException]) -> None:
        outside = [place for place in _places(parameters) if place not in self._allowed]
        for host, port in outside:
            self.saw("libpq", _host_port(host, port))
        if outside and self._guard:
            raise error(f"connection to {_host_port(*outside[0])} refused: not the sandbox")

    def _wrap_psycopg2(self, psycopg2: Any) -> None:
        connect = psycopg2._connect
        parse = psycopg2.extensions.parse_dsn

        def watched(dsn: str, *arguments: Any, **options: Any) -> Any:
            self._on_libpq(_parsed(parse, dsn), psycopg2.OperationalError)
            return connect(dsn, *arguments, **options)

        psycopg2._connect = watched

    def _wrap_psycopg(self, psycopg: Any) -> None:
        for kind in (psycopg.Connection, psycopg.AsyncConnection):
            kind.connect = classmethod(self._watched_connect(kind.connect.__func__, psycopg))
        psycopg.connect = psycopg.Connection.connect

    def _watched_connect(self, connect: Any, psycopg: Any) -> Any:
        def watched(kind: Any, conninfo: str = "", **options: Any) -> Any:
            parse = psycopg.conninfo.conninfo_to_dict
            self._on_libpq(dict(_parsed(parse, conninfo), **options), psycopg.OperationalError)
            return connect(kind, conninfo, **options)

        return watched


def _parsed(parse: Callable[[str], dict[str, Any]], dsn: str) -> dict[str, Any]:
    """The parameters of a conninfo; none where it isn't one (libpq refuses it itself)."""
    try:
        return parse(dsn)
    except Exception:
        return {}


def _places(parameters: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Each host with its port: libpq takes comma-separated lists of both, one port serving many hosts.

    An address wins over a host, and what a service holds wins over neither of them but may be an address.
    """
    service = _text(parameters.get("service") or os.environ.get("PGSERVICE"))
    if service:
        return [("service " + service, DEFAULT_PORT)]
    address = parameters.get("hostaddr") or os.environ.get("PGHOSTADDR")
    host = _text(address or parameters.get("host") or os.environ.get("PGHOST") or "")
    port = _text(parameters.get("port") or os.environ.get("PGPORT") or DEFAULT_PORT)
    hosts, ports = host.split(","), port.split(",")
    return [(name, ports[min(index, len(ports) - 1)] or DEFAULT_PORT) for index, name in enumerate(hosts)]


def _socket_name(address: Any) -> tuple[str, str | None]:
    if isinstance(address, (str, bytes)):
        return "unix", _text(address)
    if isinstance(address, tuple) and len(address) >= 2:
        return "tcp", _host_port(_text(address[0]), address[1])
    return "tcp", None  # netlink and the like: not a way out


def _host_port(host: str, port: Any) -> str:
    if host.startswith("/"):
        return "{}/.s.PGSQL.{}".format(host.rstrip("/"), port)
    return "{}:{}".format("[" + host + "]" if ":" in host else host or "localhost", _text(port))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
