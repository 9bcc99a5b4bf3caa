"""Ends what a killed run left running, as its ledger names it. Its folders go with the run's own."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from simulator.engines.embedded.places import Places

SECONDS_TO_OBEY = 2.0


def end(entry: Mapping[str, str]) -> bool:
    """End the processes of a dead run; True: none is left.

    Most died with migsim (the kernel sees to it); a server that was told to outlive it, and what was started in
    the instant of the kill, are found here: by the recorded process, and by HOME, which only ours have there.
    """
    processes = [*_recorded(entry), *_at_home(Places(Path(entry["folder"])))]
    for number in (signal.SIGQUIT, signal.SIGKILL):
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        _, processes = psutil.wait_procs(processes, timeout=SECONDS_TO_OBEY)
    return not processes


def _recorded(entry: Mapping[str, str]) -> Iterator[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        if "pid" in entry and str((process := psutil.Process(int(entry["pid"]))).create_time()) == entry["created"]:
            yield process


def _at_home(places: Places) -> Iterator[psutil.Process]:
    homes = {str(places.home), str(places.server)}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("HOME") in homes:
                yield process
