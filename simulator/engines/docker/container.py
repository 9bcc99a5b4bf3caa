"""A running container: commands in it, files into it and out of it."""

from __future__ import annotations

import contextlib
import io
import secrets
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

import requests
from docker.errors import APIError, NotFound

from simulator.engines.docker import archive, stream
from simulator.engines.docker.client import Daemon
from simulator.engines.docker.stream import Stream
from simulator.errors import EngineDied
from simulator.model import Outcome

CHUNK = 1 << 18
# Marks every process of one command, so that an interrupted one can be found again: the daemon ends no exec.
_MARK = "MIGSIM_EXEC"
_KILL = (
    "for process in /proc/[0-9]*; do "
    f'if grep -qs "{_MARK}=$1" "$process/environ"; then kill -9 "${{process#/proc/}}" 2>/dev/null; fi; done; :'
)


@dataclass(frozen=True)
class Container:
    """A container by its name; ``title`` is what a person reads in an error."""

    daemon: Daemon
    name: str
    title: str
    user: str = ""  # "": the image's own
    cwd: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def run(
        self,
        argv: tuple[str, ...],
        *,
        cwd: str | None = None,
        environment: Mapping[str, str] | None = None,
        stdin: BinaryIO | None = None,
    ) -> Outcome:
        """Run one command to its end, whatever its exit code. Raises EngineDied when the container is gone."""
        if stdin is not None and not self.daemon.half_closes:
            return self._run_from_file(argv, cwd, environment, stdin)
        started = time.monotonic()
        mark = secrets.token_hex(8)
        exec_id = self._create(argv, cwd, {**(environment or {}), _MARK: mark}, stdin is not None)
        attached = stream.start(self.daemon, exec_id)
        try:
            stdout, stderr = _converse(attached, stdin)
        except BaseException:
            attached.abort()
            self._kill(mark)
            raise
        finally:
            attached.close()
        return Outcome(
            argv=argv,
            code=self._exit_code(exec_id),
            stdout=stdout.decode("utf-8", "replace"),
            stderr=stderr.decode("utf-8", "replace"),
            seconds=time.monotonic() - started,
        )

    def attach(self, argv: tuple[str, ...]) -> Stream:
        """Start a command whose streams the caller pumps."""
        return stream.start(self.daemon, self._create(argv, None, {}, True))

    def upload(self, folder: str, parts: Iterable[bytes]) -> None:
        """Unpack a tar stream into a folder that exists there."""
        with self._alive():
            self.daemon.client.api.put_archive(self.name, folder, parts)

    def read(self, path: str) -> bytes:
        """A file's content; works in a stopped container too. Raises FileNotFoundError."""
        with tempfile.TemporaryFile() as spool:
            with self._alive(), _missing_file(path):
                parts, _facts = self.daemon.client.api.get_archive(self.name, path, chunk_size=CHUNK)
                for part in parts:
                    spool.write(part)
            spool.seek(0)
            with tarfile.open(fileobj=spool) as tar:
                member = tar.next()
                content = tar.extractfile(member) if member else None
                if content is None:
                    raise FileNotFoundError(path)
                return content.read()

    def last_words(self, lines: int = 5) -> str:
        """The last lines that its main process wrote, for an error."""
        with contextlib.suppress(APIError, requests.RequestException):
            said = self.daemon.client.api.logs(self.name, tail=lines).decode("utf-8", "replace")
            return " / ".join(line.strip() for line in said.splitlines() if line.strip())
        return ""

    def is_running(self) -> bool:
        with self._alive():
            return bool(self.daemon.client.api.inspect_container(self.name)["State"]["Running"])

    def _create(self, argv: tuple[str, ...], cwd: str | None, environment: Mapping[str, str], stdin: bool) -> str:
        with self._alive():
            created = self.daemon.client.api.exec_create(
                self.name,
                list(argv),
                stdin=stdin,
                environment={**self.environment, **environment},
                workdir=cwd or self.cwd,
                user=self.user,
            )
        return str(created["Id"])

    def _exit_code(self, exec_id: str) -> int:
        """The command's exit code. A container that went down with it raises EngineDied instead."""
        with self._alive():
            facts = self.daemon.client.api.exec_inspect(exec_id)
            while facts["Running"]:  # its streams can close just before the daemon has its code
                time.sleep(0.01)
                facts = self.daemon.client.api.exec_inspect(exec_id)
        code = facts["ExitCode"]
        if code in (None, 137) and not self.is_running():
            raise self._died("it stopped while a command ran in it")
        return int(code)

    def _run_from_file(
        self, argv: tuple[str, ...], cwd: str | None, environment: Mapping[str, str] | None, stdin: BinaryIO
    ) -> Outcome:
        """Over TLS no end of input can be sent, so the input goes ahead as a file."""
        with tempfile.TemporaryFile() as spool:
            while chunk := stdin.read(CHUNK):
                spool.write(chunk)
            name, size = f"migsim-stdin-{secrets.token_hex(8)}", spool.tell()
            spool.seek(0)
            self.upload("/tmp", archive.of_stream(name, spool, size))
        script = 'exec < "$0"; rm -f "$0"; exec "$@"'
        return self.run(("sh", "-c", script, f"/tmp/{name}", *argv), cwd=cwd, environment=environment)

    def _kill(self, mark: str) -> None:
        """End what an interrupted command left running; a container that is gone has nothing left."""
        with contextlib.suppress(EngineDied, APIError, requests.RequestException):
            exec_id = self._create(("sh", "-c", _KILL, "sh", mark), None, {}, False)
            self.daemon.client.api.exec_start(exec_id)

    @contextlib.contextmanager
    def _alive(self) -> Iterator[None]:
        try:
            yield
        except NotFound as error:
            raise self._died("it is gone") from error
        except APIError as error:
            if error.status_code == 409:
                raise self._died("it does not run any more") from error
            raise EngineDied(f"{self.title} can't be used: {error.explanation}", "docker info") from error
        except requests.RequestException as error:
            raise EngineDied(f"the Docker daemon at {self.daemon.host} is gone", "docker info") from error

    def _died(self, what: str) -> EngineDied:
        words = self.last_words()
        return EngineDied(
            f"{self.title} died: {what}" + (f" ({words})" if words else ""), "docker info; free -h; df -h"
        )


@contextlib.contextmanager
def _missing_file(path: str) -> Iterator[None]:
    """The daemon answers 404 for a missing file and for a missing container; only its text tells which."""
    try:
        yield
    except NotFound as error:
        if str(error.explanation).startswith("No such container"):
            raise
        raise FileNotFoundError(path) from error


def _converse(attached: Stream, stdin: BinaryIO | None) -> tuple[bytes, bytes]:
    """Feed stdin from a thread while both outputs are collected, so that no full pipe can stop the other."""
    collected = {stream.STDOUT: io.BytesIO(), stream.STDERR: io.BytesIO()}
    feeder = None
    if stdin is not None:
        feeder = threading.Thread(target=_feed, args=(attached, stdin), daemon=True)
        feeder.start()
    for kind, part in attached.frames():
        collected[kind].write(part)
    if feeder is not None:
        attached.abort()  # a command that ended without reading all of its input is judged by its exit code
        feeder.join()
    return collected[stream.STDOUT].getvalue(), collected[stream.STDERR].getvalue()


def _feed(attached: Stream, stdin: BinaryIO) -> None:
    with contextlib.suppress(OSError):
        while chunk := stdin.read(CHUNK):
            attached.send(chunk)
        attached.end_input()
