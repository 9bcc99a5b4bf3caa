"""Ends what a killed run left running, as its ledger names it. Its folders go with the run's own."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from simulator.engines.embedded.places import Places

SECONDS_TO_OBEY = 2.0
PASSES = 5  # what is found may have started another in that very moment


def end(entry: Mapping[str, str]) -> bool:
    """End the processes of a dead run; True: none is left.

    Most died with migsim (the kernel sees to it); a server that was told to outlive it, and what was started in
    the instant of the kill, are found here: by the recorded process, and by HOME or TMPDIR, which only ours have
    there.
    """
    for _ in range(PASSES):
        processes = list(_alive(entry))
        if not processes:
            return True
        # A server that is not confined gives back its shared memory when it is asked; that of the others goes anyway.
        _signal([process for process in processes if _is_server(process)], signal.SIGQUIT)
        _signal(processes, signal.SIGKILL)
    return not list(_alive(entry))


def _is_server(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):  # it may end while it is looked at
        return process.name().startswith("postgres")
    return False


def _signal(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
    psutil.wait_procs(processes, timeout=SECONDS_TO_OBEY)


def _alive(entry: Mapping[str, str]) -> Iterator[psutil.Process]:
    for process in (*_recorded(entry), *_of_the_run(Places(Path(entry["folder"])))):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:  # dead, and only its parent can bury it
                yield process


def _recorded(entry: Mapping[str, str]) -> Iterator[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        if "pid" in entry and str((process := psutil.Process(int(entry["pid"]))).create_time()) == entry["created"]:
            yield process


def _of_the_run(places: Places) -> Iterator[psutil.Process]:
    homes = {str(places.home), str(places.server)}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            environment = process.environ()
            if environment.get("HOME") in homes or environment.get("TMPDIR") == str(places.install):
                yield process
