"""Reads what confined commands wrote, from outside, where a link that they made leads to files of this machine."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe is not waited for, a terminal not taken.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def read(trusted: Path, path: Path) -> bytes:
    """The content of a regular file below ``trusted``, a folder whose own path only we can change.

    Raises FileNotFoundError where there is none, or a link stands anywhere on the way.
    """
    folder = os.open(trusted, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        *above, name = path.relative_to(trusted).parts
        for step in above:
            above_it, folder = folder, os.open(step, _FOLDER, dir_fd=folder)
            os.close(above_it)
        descriptor = os.open(name, _FILE, dir_fd=folder)
    except OSError as error:
        raise FileNotFoundError(error.errno, "no regular file", str(path)) from None
    finally:
        os.close(folder)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileNotFoundError(0, "no regular file", str(path))
        return file.read()
