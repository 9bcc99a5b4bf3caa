"""One git command: nothing of the user's machine runs through it, and nothing in their repository is written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from simulator.errors import CannotTell
from simulator.host import process
from simulator.model import Outcome

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",  # it would start a daemon inside the user's repository
    "gc.auto=0",
    "maintenance.auto=false",
    "commit.gpgSign=false",
    "merge.verifySignatures=false",
    "rerere.enabled=false",
    # Large files stay pointers: fetching them needs a network, and no migration is one.
    "filter.lfs.smudge=",
    "filter.lfs.process=",
    "filter.lfs.required=false",
)
# The same inputs merge to the same commit, whoever runs it and whenever.
_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "migsim"), ("EMAIL", "migsim@localhost"), ("DATE", "2000-01-01T00:00:00Z"))
}
_FIXED = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",  # `status` would write the user's index
    "GIT_NO_LAZY_FETCH": "1",  # a partial clone would fetch into the user's repository
}


def git(
    folder: Path | None, *arguments: str, stdin: BinaryIO | None = None, extra: Mapping[str, str] | None = None
) -> Outcome:
    """Run git in ``folder`` (None: nowhere in particular), whatever its exit code. CannotTell without git.

    ``extra`` goes into its environment.
    """
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    where = ["-C", str(folder)] if folder is not None else []
    given = environment(os.environ) | dict(extra or {})
    try:
        return process.run(["git", *settings, *where, *arguments], environment=given, stdin=stdin)
    except FileNotFoundError:
        raise CannotTell("git is not installed, and the project's version comes from it", "apt install git") from None


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Ours without what points git elsewhere, such as GIT_DIR of the hook that started us. What says where the
    user's configuration is (with it safe.directory) stays."""
    kept = {key: value for key, value in ours.items() if not key.startswith("GIT_") or key.startswith("GIT_CONFIG")}
    return kept | _FIXED | _IDENTITY


def line_of(done: Outcome) -> str | None:
    """The one line that the command printed; None where it failed or printed nothing."""
    return done.stdout.rstrip("\n") or None if done.code == 0 else None


def reason(done: Outcome) -> str:
    """Git's own first line of complaint."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[0].removeprefix("fatal: ").removeprefix("error: ") if lines else f"git exited {done.code}"
