"""How a command is started so that it reaches nothing but the run's own server."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.engines.embedded import jail
from simulator.engines.embedded.users import User
from simulator.engines.plan import Plan
from simulator.errors import CannotTell
from simulator.host import process

JAIL = Path(jail.__file__)
HINT = "--confine if-possible runs it without, the drivers guarded; --engine docker confines by containers"


@dataclass(frozen=True)
class Layer:
    """A folder whose readers may write to it: what they write goes to ``upper``."""

    folder: Path
    upper: Path
    work: Path
    or_copy: bool = True  # where the kernel has no such layer: a copy of the whole folder, else none at all


@dataclass(frozen=True)
class Confinement:
    """What all commands of one run have in common. ``root`` is an empty folder; None: nothing is confined."""

    root: Path | None
    run: Path | None = None  # the folder of the run, of which a command sees what it is shown alone

    @property
    def active(self) -> bool:
        return self.root is not None

    def opens(self, folder: Path) -> bool:
        """Whether a command gets to ``folder`` whatever the modes of what it lies in: inside, those are new."""
        return self.active and not _is_below(os.path.realpath(folder), jail.SYSTEM)

    def wrap(
        self,
        argv: Sequence[str],
        *,
        user: User | None = None,
        writable: Iterable[Path] = (),
        shown: Iterable[Path] = (),
        layers: Iterable[Layer] = (),
        survive: bool = False,
        relay: tuple[int, Path] | None = None,
    ) -> list[str]:
        """The command line that runs ``argv`` inside.

        It ends with migsim (for the kernel: with the thread that started it), unless it is to ``survive``. ``relay``: a
        listening descriptor to be passed on, whose connections lead to where the command listens.
        """
        order: jail.Order = {
            "user": [user.uid, user.gid] if user else None,
            "survive": survive,
            "root": str(self.root) if self.root else None,
            "writable": [str(folder.resolve()) for folder in writable],
            "layers": sorted(
                [str(layer.folder), str(layer.upper), str(layer.work), "copy" * layer.or_copy] for layer in layers
            ),
            "shown": sorted(self._shown((*shown, *_libraries()))),
            "run": str(self.run) if self.run else None,
            "relay": [str(relay[0]), str(relay[1])] if relay else [],
        }
        return [sys.executable, "-I", "-S", str(JAIL), json.dumps(order), *argv]

    def _shown(self, paths: Iterable[Path]) -> set[str]:
        """Those paths, as named and as they really are, that a confined command would not see by itself.

        What lies in another of them is seen with it.
        """
        both = {name for path in paths for name in (os.path.abspath(path), os.path.realpath(path))}
        outside = {name for name in both if not _is_below(name, jail.SYSTEM) and os.path.exists(name)}
        return {name for name in outside if outside.isdisjoint(map(str, Path(name).parents))}


def holds_home(folder: str | Path) -> bool:
    """Whether it is the caller's home, or a folder that the home lies in: never to be shown for the sake of another."""
    home = os.path.realpath(os.path.expanduser("~"))
    return Path(home).is_relative_to(os.path.realpath(folder))


@functools.cache
def _libraries() -> tuple[Path, ...]:
    """Folders outside of the usual ones that this machine's loader looks in (ldconfig(8))."""
    named: list[str] = []
    for file in (Path("/etc/ld.so.conf"), *sorted(Path("/etc/ld.so.conf.d").glob("*.conf"))):
        with contextlib.suppress(OSError):
            named += (line.strip() for line in file.read_text(errors="replace").splitlines())
    return tuple(Path(text) for text in named if text.startswith("/") and os.path.isdir(text) and not holds_home(text))


def _is_below(name: str, folders: Iterable[str]) -> bool:
    return any(name == folder or name.startswith(f"{folder}/") for folder in folders)


def confine(plan: Plan, root: Path, run: Path) -> tuple[Confinement, str | None]:
    """The confinement of the run in that folder, and what the report has to say of it.

    Raises CannotTell where the kernel allows none and the plan does not do without.
    """
    reason = why_not()
    if reason is None:
        return Confinement(root, run.resolve()), None
    if plan.confine_required:
        raise CannotTell(f"this machine can't confine the project's code: {reason}", HINT)
    return Confinement(None), f"not confined: {reason}; the project's code could reach other servers of this machine"


@functools.cache
def why_not() -> str | None:
    """Why nothing can be confined here, found out by trying; None: it can."""
    # A root can be built on any folder, since only the command itself sees it; this one needs no cleaning up.
    outcome = process.run(Confinement(Path("/tmp").resolve()).wrap(["true"]), environment={"PATH": os.defpath}, cwd="/")
    if outcome.code == 0:
        return None
    return (outcome.stderr.strip().splitlines() or ["no namespaces"])[-1].removeprefix(jail.SAYS).strip()
