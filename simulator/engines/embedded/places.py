"""The folders of one environment in its run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from simulator.engines.base import Place


@dataclass(frozen=True)
class Places:
    """Where one environment keeps what; ``base`` is its own folder in the run."""

    base: Path

    @property
    def server(self) -> Path:
        """Of the server's user: the data, the log, the socket."""
        return self.base / "pg"

    @property
    def root(self) -> Path:
        """Empty outside; a confined command's root is mounted on it."""
        return self.base / "root"

    @property
    def home(self) -> Path:
        """HOME of every command: empty, so that no file of the user's own (.pgpass, .netrc) is found in it."""
        return self.base / "home"

    @property
    def layers(self) -> Path:
        return self.base / "layers"

    def scratch(self, place: Place) -> Path:
        return self.base / place

    @property
    def install(self) -> Path:
        """TMPDIR of the installers, so that what a killed one leaves is known and goes with the run."""
        return self.base / "install"

    def make(self) -> None:
        self.base.mkdir(mode=0o700)
        for folder in (self.root, self.home, self.layers, self.install, self.base / "server", self.base / "project"):
            folder.mkdir(mode=0o700)
