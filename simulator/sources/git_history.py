"""What a repository remembers of files: which commit changed them, which branches have them, what they said.

A few commands in all, however many files are asked for, and only commands that read.
"""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.sources.git import toplevel
from simulator.sources.git_command import git, line_of

# What a file at a branch's tip is looked up for, at most: a large project has hundreds of branches.
_MOST_LOOKUPS = 5_000
_BLOB = re.compile(r"\A([0-9a-f]{40,64}) blob \d+\Z")
_FORMAT = "--format=%x01%H%x1f%h%x1f%an%x1f%aI%x1f%cI"


@dataclass(frozen=True)
class Change:
    """One file in one commit. ``kind`` is git's letter: A added, D deleted, M modified."""

    kind: str
    path: str  # relative to the repository's root
    commit: str
    short: str
    author: str
    written: str  # ISO 8601, the author's date
    committed: str  # ISO 8601, the committer's


def repository_of(tree: Path) -> Path | None:
    """Where to ask for the branches of the project in ``tree``; None outside of a repository.

    A throwaway tree has no branches of its own: it borrows the objects of the repository that has them.
    """
    root = toplevel(tree)
    if root is None or git(root, "for-each-ref", "--count=1").stdout:
        return root
    alternates = line_of(git(root, "rev-parse", "--path-format=absolute", "--git-path", "objects/info/alternates"))
    if alternates is None or not Path(alternates).is_file():
        return root
    return Path(Path(alternates).read_text().splitlines()[0]).parent


def changes(repository: Path, kinds: str, revision: str, paths: Sequence[str], since: str = "") -> tuple[Change, ...]:
    """Newest first; a rename is a deletion and an addition. ``revision``: HEAD, or --all for every branch and tag.

    ``paths`` are pathspecs: a * in one matches slashes too. Merges are left out, as git log does.
    """
    if not paths:
        return ()
    options = ["--no-renames", "--no-show-signature", f"--diff-filter={kinds}", "--name-status", _FORMAT]
    options += [f"--since={since}"] if since else []
    done = git(repository, "-c", "core.quotePath=false", "log", *options, revision, "--", *paths)
    return tuple(_read(done.stdout)) if done.code == 0 else ()


def _read(log: str) -> Iterable[Change]:
    for block in log.split("\x01")[1:]:
        head, *lines = block.splitlines()
        facts = head.split("\x1f")
        for line in lines:
            kind, _tab, path = line.partition("\t")
            if path and not path.startswith('"') and len(facts) == 5:
                yield Change(kind, path, *facts)


def uncommitted(tree: Path, paths: Sequence[str]) -> tuple[str, ...]:
    """Those of the files whose text in the working tree is not that of its commit."""
    if not paths:
        return ()
    done = git(tree, "diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", "HEAD", "--", *paths)
    return tuple(path for path in done.stdout.split("\0") if path) if done.code == 0 else ()


def branches(repository: Path) -> tuple[str, ...]:
    """Full names of the branches, the remotes' too, the last used first."""
    done = git(
        repository,
        *("for-each-ref", "--sort=-committerdate", "--format=%(symref)%09%(refname)", "refs/heads", "refs/remotes"),
    )
    pairs = [line.partition("\t") for line in done.stdout.splitlines()]
    return tuple(name for symbolic, _tab, name in pairs if name and not symbolic)


def at_tips(repository: Path, paths: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """Which branches have each file at their tip, by path; those that none has are left out."""
    refs = branches(repository)[: max(10, _MOST_LOOKUPS // max(len(paths), 1))]
    pairs = [(path, ref) for path in paths for ref in refs]
    blobs = _blobs(repository, [f"{ref}:{path}" for path, ref in pairs])
    found: dict[str, tuple[str, ...]] = {}
    for (path, ref), blob in zip(pairs, blobs, strict=True):
        if blob:
            found[path] = (*found.get(path, ()), ref)
    return found


def short_name(ref: str) -> str:
    """As people write it: feature/sku, origin/feature/sku."""
    return ref.removeprefix("refs/heads/").removeprefix("refs/remotes/")


def texts(repository: Path, places: Iterable[str]) -> Mapping[str, str]:
    """The files' texts, by place: ``<commit or ref>:<path>``. What is not there is left out."""
    asked = list(dict.fromkeys(places))
    blobs = dict(zip(asked, _blobs(repository, asked), strict=True))
    wanted = list(dict.fromkeys(blob for blob in blobs.values() if blob))
    if not wanted:
        return {}
    # Sizes count bytes, and what we read is text already: a mark that no file can hold parts one from the next.
    mark = f"blob-{secrets.token_hex(16)}"
    done = git(repository, "cat-file", f"--batch={mark}", stdin=_lines(wanted))
    parts = done.stdout.split(f"{mark}\n")[1:]
    if done.code or len(parts) != len(wanted):
        return {}
    by_blob = {blob: part.removesuffix("\n") for blob, part in zip(wanted, parts, strict=True)}
    return {place: by_blob[blob] for place, blob in blobs.items() if blob}


def _blobs(repository: Path, places: Sequence[str]) -> list[str | None]:
    """The name of each blob, in order."""
    if not places:
        return []
    done = git(repository, "cat-file", "--batch-check", stdin=_lines(places))
    answers = [_BLOB.match(line) for line in done.stdout.splitlines()]
    if done.code or len(answers) != len(places):
        return [None] * len(places)
    return [answer[1] if answer else None for answer in answers]


def _lines(texts: Iterable[str]) -> io.BytesIO:
    return io.BytesIO("".join(f"{text}\n" for text in texts).encode())
