"""What a run makes in Docker: each object in the run's ledger before it exists, labelled, and removed at the end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests
from docker.errors import APIError, NotFound
from docker.types import Mount

from simulator.engines.docker.client import Daemon, connect
from simulator.errors import CannotTell
from simulator.host.store import Run

RUN_LABEL = "migsim.run"  # goes with its run
KEEP_LABEL = "migsim.keep"  # was asked to outlive its run
CACHE_LABEL = "migsim.cache"  # serves later runs; the value says what it is
CONTAINER, VOLUME = "docker-container", "docker-volume"

# What the official images' entrypoints need as root to hand over to their own user, and no more.
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID")
MOST_PROCESSES = 4096
# An entrypoint for a container that only waits for commands.
WAIT_FOREVER = ["sh", "-c", "while :; do sleep 86400; done"]
REFUSALS = (APIError, requests.RequestException)
SECONDS_TO_LET_GO = 10.0  # a removed container holds its volumes for a moment


@dataclass(frozen=True)
class Objects:
    """Makes one run's containers and volumes. Names carry the run's id."""

    daemon: Daemon
    run: Run

    def volume(self, suffix: str, options: Mapping[str, str] | None = None) -> str:
        """A volume that goes with the run; its name. ``options`` are the local driver's, as for mount(8)."""
        name = self._name(suffix)
        self.run.record(VOLUME, name=name, docker_host=self.daemon.host)
        self.daemon.client.api.create_volume(name, driver_opts=dict(options or {}), labels=self._labels())
        return name

    def mountpoint(self, volume: str) -> str:
        """Where it is on the daemon's machine."""
        return str(self.daemon.client.api.inspect_volume(volume)["Mountpoint"])

    def container(
        self,
        suffix: str,
        image: str,
        *,
        network: str = "none",
        mounts: Sequence[Mount] = (),
        binds: Sequence[Mount] = (),
        **options: Any,
    ) -> str:
        """A started container that goes with the run; its name. ``options`` are docker-py's.

        ``binds`` are left out where the daemon can't mount them (it runs on another machine, or shares no files
        with us). Raises CannotTell with the daemon's reason when the container can't be made or started.
        """
        name = self._name(suffix)
        self.run.record(CONTAINER, name=name, docker_host=self.daemon.host)
        try:
            self._start(name, image, network, [*mounts, *binds], options)
        except APIError as error:
            if not binds:
                raise CannotTell(
                    f"a container of {image} can't be started: {error.explanation}", "docker info"
                ) from error
            remove_container(self.daemon, name)
            return self.container(suffix, image, network=network, mounts=mounts, **options)
        return name

    def _start(self, name: str, image: str, network: str, mounts: Sequence[Mount], options: Mapping[str, Any]) -> None:
        confined = {
            "init": True,
            "security_opt": ["no-new-privileges"],
            "cap_drop": ["ALL"],
            "cap_add": list(CAPABILITIES),
            "pids_limit": MOST_PROCESSES,
        }
        made = self.daemon.client.containers.create(
            image,
            name=name,
            labels=self._labels(),
            network_mode=network,
            mounts=list(mounts),
            **{**confined, **options},
        )
        made.start()

    def _name(self, suffix: str) -> str:
        return f"migsim-{self.run.id}-{suffix}"

    def _labels(self) -> dict[str, str]:
        return {KEEP_LABEL if self.run.keep else RUN_LABEL: self.run.id}


@contextlib.contextmanager
def removing(objects: Objects) -> Iterator[None]:
    """Remove everything that ``objects`` made when the block ends, unless it ends well and the run is kept."""
    finished = False
    try:
        yield
        finished = True
    finally:
        if not (finished and objects.run.keep):
            remove_all(objects.daemon, objects.run.id)


def remove_all(daemon: Daemon, run_id: str) -> None:
    """Remove the containers of a run, then its volumes.

    What Docker won't remove stays in the run's ledger, which its report and the next sweep go by; it must neither hold
    up the rest nor take the place of what the run has found out.
    """
    api = daemon.client.api
    for label in (RUN_LABEL, KEEP_LABEL):
        only = {"label": f"{label}={run_id}"}
        with contextlib.suppress(*REFUSALS):
            for container in api.containers(all=True, filters=only):
                with contextlib.suppress(*REFUSALS):
                    remove_container(daemon, container["Id"])
            for volume in api.volumes(filters=only)["Volumes"] or ():
                with contextlib.suppress(*REFUSALS):
                    remove_volume(daemon, volume["Name"])


def remove_container(daemon: Daemon, name: str) -> None:
    """Kill and remove a container with its anonymous volumes; fine if it is gone."""
    try:
        daemon.client.api.remove_container(name, v=True, force=True)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != 409:  # its removal is under way already
            raise
        _wait_until_gone(daemon, name)


def remove_volume(daemon: Daemon, name: str) -> None:
    """Remove a volume; fine if it is gone."""
    deadline = time.monotonic() + SECONDS_TO_LET_GO
    while True:
        try:
            daemon.client.api.remove_volume(name)
        except NotFound:
            return
        except APIError as error:
            if error.status_code != 409 or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def remove_entry(entry: Mapping[str, str]) -> bool:
    """Remove what a dead run's ledger names, if it exists and is a run's; True: it is gone."""
    try:
        with connect(entry["docker_host"]) as daemon:
            if _is_ours(daemon, entry):
                remove = remove_container if entry["kind"] == CONTAINER else remove_volume
                remove(daemon, entry["name"])
    except (CannotTell, *REFUSALS):
        return False
    return True


def _is_ours(daemon: Daemon, entry: Mapping[str, str]) -> bool:
    """Whether the object of that name carries a run's label, and that run's id is in its name."""
    try:
        if entry["kind"] == CONTAINER:
            labels = daemon.client.api.inspect_container(entry["name"])["Config"]["Labels"] or {}
        else:
            labels = daemon.client.api.inspect_volume(entry["name"])["Labels"] or {}
    except NotFound:
        return False
    run_id = labels.get(RUN_LABEL) or labels.get(KEEP_LABEL)
    return bool(run_id) and entry["name"].startswith(f"migsim-{run_id}-")


def _wait_until_gone(daemon: Daemon, name: str) -> None:
    deadline = time.monotonic() + SECONDS_TO_LET_GO
    while time.monotonic() < deadline:
        try:
            daemon.client.api.inspect_container(name)
        except NotFound:
            return
        time.sleep(0.1)


def volume_mount(volume: str, target: str, *, read_only: bool = False) -> Mount:
    """A named volume at a path."""
    return Mount(target=target, source=volume, type="volume", read_only=read_only)
