"""What the docker engine keeps for later runs: volumes with virtual environments, and images it built."""

from __future__ import annotations

from collections.abc import Iterator

from docker.errors import APIError

from simulator.engines.docker.client import Daemon
from simulator.engines.docker.objects import CACHE_LABEL

_ONLY_OURS = {"label": CACHE_LABEL}


def listed(daemon: Daemon) -> Iterator[tuple[str, str]]:
    """Each volume and image by what it is (the label's value) and its name."""
    for volume in daemon.client.volumes.list(filters=_ONLY_OURS):
        yield volume.attrs["Labels"][CACHE_LABEL], volume.name
    for image in daemon.client.images.list(filters=_ONLY_OURS):
        yield image.labels[CACHE_LABEL], (image.tags or [image.short_id])[0]


def prune(daemon: Daemon) -> Iterator[tuple[str, str | None]]:
    """Remove them all, by their label; yield each name with the daemon's reason where it would not (a live run's)."""
    volumes = [(volume.name, volume.remove) for volume in daemon.client.volumes.list(filters=_ONLY_OURS)]
    images = [
        ((image.tags or [image.short_id])[0], lambda image=image: daemon.client.images.remove(image.id))
        for image in daemon.client.images.list(filters=_ONLY_OURS)
    ]
    for name, remove in (*volumes, *images):
        try:
            remove()
        except APIError as error:
            yield name, str(error.explanation)
        else:
            yield name, None
