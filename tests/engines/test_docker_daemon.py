"""Which daemon is asked, and what a person reads when it can't be used."""

from __future__ import annotations

import hashlib
import json
import socket
from pathlib import Path

import pytest

from simulator.engines.docker import DockerEngine, client
from simulator.engines.plan import Interpreter
from simulator.errors import CannotTell
from tests.support.containers import docker_plan


@pytest.fixture(autouse=True)
def _own_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


def add_context(folder: Path, name: str, host: str) -> None:
    meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host}}}))
    (folder / "config.json").write_text("{}")


def test_a_missing_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(CannotTell, match=f"no Docker socket at {tmp_path}/none.sock"):
        client.connect()
    reason = DockerEngine().unusable(docker_plan(tmp_path / "project"))
    assert reason
    assert "--engine embedded" in reason


def test_a_socket_that_nobody_listens_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "dead.sock"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/dead.sock")
    with pytest.raises(CannotTell, match="no Docker daemon listens at unix://"):
        client.connect()


def test_a_port_that_nobody_listens_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{port}")
    with pytest.raises(CannotTell, match=f"no Docker daemon listens at tcp://127.0.0.1:{port}"):
        client.connect()


def test_a_daemon_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "SECONDS_TO_ANSWER", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(CannotTell, match="did not answer within"):
            client.connect()


def test_the_current_context_names_the_daemon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    add_context(tmp_path, "laptop", f"unix://{tmp_path}/laptop.sock")
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": "laptop"}))
    with pytest.raises(CannotTell, match=f"no Docker socket at {tmp_path}/laptop.sock"):
        client.connect()
    add_context(tmp_path, "other", f"unix://{tmp_path}/other.sock")
    monkeypatch.setenv("DOCKER_CONTEXT", "other")
    with pytest.raises(CannotTell, match=f"no Docker socket at {tmp_path}/other.sock"):
        client.connect()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/named.sock")
    with pytest.raises(CannotTell, match=f"no Docker socket at {tmp_path}/named.sock"):
        client.connect()


def test_a_context_that_does_not_exist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    add_context(tmp_path, "laptop", "unix:///nowhere")
    monkeypatch.setenv("DOCKER_CONTEXT", "gone")
    with pytest.raises(CannotTell, match="the Docker context 'gone' does not exist"):
        client.connect()


def test_ssh_gets_the_command_that_forwards_the_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://me@build-box")
    with pytest.raises(CannotTell) as refused:
        client.connect()
    assert "ssh -fNL /tmp/docker.sock:/var/run/docker.sock me@build-box" in refused.value.hint


def test_an_unreachable_daemon_keeps_what_it_may_hold_in_the_ledger(tmp_path: Path) -> None:
    entry = {"kind": "docker-volume", "name": "migsim-0-x", "docker_host": f"unix://{tmp_path}/none.sock"}
    assert DockerEngine().remove(entry) is False


def test_an_interpreter_of_this_machine_is_for_the_other_engine(tmp_path: Path) -> None:
    plan = docker_plan(tmp_path / "project", dependencies=Interpreter(Path("/usr/bin/python3")))
    assert "--engine embedded" in str(DockerEngine().unusable(plan))
