"""What a process starts with: its three streams, whatever has been closed or whichever letters it may write."""

from __future__ import annotations

import io
import os
import sys


def prepare() -> None:
    """Before anything is opened or said: a stream that was closed leads nowhere, and none refuses a character.

    The first file that is opened would else become what a closed stream's number stands for.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115 - for good
    for stream in (getattr(sys, name) for name in ("stdout", "stderr")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
