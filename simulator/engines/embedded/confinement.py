"""How a command is started so that it reaches nothing but the run's own server."""

from __future__ import annotations

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
        return self.active and bool(self._hidden((folder,)))

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
            "shown": sorted(self._hidden(shown)),
            "run": str(self.run) if self.run else None,
            "relay": [str(relay[0]), str(relay[1])] if relay else [],
        }
        return [sys.executable, "-I", "-S", str(JAIL), json.dumps(order), *argv]

    def _hidden(self, paths: Iterable[Path]) -> set[str]:
        """Those paths, as named and as they really are, that a confined command would not see by itself.

        What lies in another of them is seen with it, and could not be shown once more: that one is read-only by then.
        """
        both = {name for path in paths for name in (os.path.abspath(path), os.path.realpath(path))}
        folders = (*jail.EMPTY, *([str(self.run)] if self.run else []))
        inside = tuple(f"{empty}/" for empty in folders)
        hidden = {name for name in both if name.startswith(inside) and os.path.exists(name)}
        return {name for name in hidden if hidden.isdisjoint(map(str, Path(name).parents))}


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
    outcome = process.run(Confinement(Path("/tmp").resolve()).wrap(["true"]), cwd="/")
    if outcome.code == 0:
        return None
    return (outcome.stderr.strip().splitlines() or ["no namespaces"])[-1].removeprefix(jail.SAYS).strip()
