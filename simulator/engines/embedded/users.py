"""The unprivileged user that PostgreSQL runs as when root starts it: it refuses to run as root."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from stat import S_IXOTH

NOBODY = "nobody"  # never ``postgres``: files of a real cluster on this machine are that one's


@dataclass(frozen=True)
class User:
    """A real user of this machine, by number."""

    uid: int
    gid: int


def server_user() -> User | None:
    """Whom the server runs as; None: as whoever runs migsim."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(NOBODY)
    except KeyError:
        return User(65534, 65534)
    return User(entry.pw_uid, entry.pw_gid)


def anyone_may_enter(folder: Path) -> bool:
    """Whether every user gets through to ``folder``; what lies below a home of mode 0700 is not."""
    return all(step.stat().st_mode & S_IXOTH for step in (folder, *folder.parents))
