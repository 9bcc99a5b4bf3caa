"""A registry whose images never come to an end: manifest and config are served, each layer comes by single bytes.

It speaks as much of the Docker Registry HTTP API v2 as a pull asks for. It listens on 127.0.0.1, where a daemon of this
machine needs no TLS.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LAYER_SIZE = 1 << 20  # bytes that are promised
SECONDS_A_BYTE = 0.05  # a daemon that has given a pull up hangs up at the next byte, and not before
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_TYPES = "application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.container.image.v1+json"


@dataclass(frozen=True)
class Registry:
    """Serves an image of any name; ``fetching`` counts by name the connections on which a layer is being sent."""

    host: str  # 127.0.0.1:PORT
    fetching: Counter[str] = field(default_factory=Counter)
    _secret: str = field(default_factory=lambda: secrets.token_hex(8))  # no other registry has these layers

    def image(self, name: str) -> str:
        return f"{self.host}/{name}:1"

    def document(self, name: str, kind: str, reference: str) -> tuple[str, bytes] | None:
        """A manifest or a config with its type; None: it is the layer."""
        diff = f"sha256:{hashlib.sha256(f'{self._secret} {name} unpacked'.encode()).hexdigest()}"
        config = json.dumps(
            {
                "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
                "os": "linux",
                "config": {},
                "rootfs": {"type": "layers", "diff_ids": [diff]},
            }
        ).encode()
        if kind == "manifests":
            return _TYPES[0], json.dumps(self._manifest(name, config)).encode()
        return (_TYPES[1], config) if reference == digest(config) else None

    def _manifest(self, name: str, config: bytes) -> dict[str, object]:
        layer = f"sha256:{hashlib.sha256(f'{self._secret} {name}'.encode()).hexdigest()}"
        return {
            "schemaVersion": 2,
            "mediaType": _TYPES[0],
            "config": {"mediaType": _TYPES[1], "size": len(config), "digest": digest(config)},
            "layers": [
                {
                    "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                    "size": LAYER_SIZE,
                    "digest": layer,
                }
            ],
        }


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@contextlib.contextmanager
def serving() -> Iterator[Registry]:
    """A registry on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = self.path.partition("?")[0].strip("/").split("/")  # v2/NAME/manifests/TAG, v2/NAME/blobs/DIGEST
            if len(parts) != 4:
                self._answer("application/json", b"{}")
            elif (document := registry.document(*parts[1:])) is not None:
                self._answer(*document)
            else:
                self._begin(parts[1])

        do_HEAD = do_GET

        def log_message(self, *_anything: object) -> None:
            """Nothing on stderr: a try with TLS comes first."""

        def _answer(self, kind: str, content: bytes) -> None:
            self._headers(kind, len(content))
            self.send_header("Docker-Content-Digest", digest(content))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def _begin(self, name: str) -> None:
            """Send a layer's bytes, slowly, until the other side hangs up."""
            self._headers("application/octet-stream", LAYER_SIZE)
            self.end_headers()
            if self.command == "GET":
                registry.fetching[name] += 1
                with contextlib.suppress(OSError):
                    while True:
                        self.wfile.write(b"x")
                        time.sleep(SECONDS_A_BYTE)
                registry.fetching[name] -= 1
            self.close_connection = True

        def _headers(self, kind: str, length: int) -> None:
            self.send_response(200)
            self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(length))

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        registry = Registry(f"127.0.0.1:{server.server_address[1]}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield registry
        finally:
            server.shutdown()
