"""Every fix there is, in explicit tables: what it proposes for a situation. ``trials`` finds out what works.

A fix of a root proposes a ``route.Mend``. Several roots are mended together by one route, so a plan takes for every
root the first fix that fits, and after a trial that shows it wrong, the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from simulator.findings.case import Case
from simulator.findings.situation import Situation
from simulator.fixes import (
    alter_and_fake,
    ask_a_person,
    ask_for_extension,
    change_owner,
    complete_and_fake,
    drop_and_migrate,
    drop_copy,
    drop_default,
    drop_invalid_index,
    drop_leftover,
    drop_unfilled,
    edit_code,
    extend_path,
    fake_everything,
    fake_exactly,
    fake_initial,
    history_aside,
    history_numbers,
    history_rows,
    install_extension,
    look_elsewhere,
    mend_data,
    merge_migration,
    migrate_first,
    prune,
    record_code,
    recreate_missing,
    remake_columns,
    remake_triggers,
    remake_views,
    rename_aside,
    reset_migrations,
    restore_into_empty,
    run_again,
    run_missing,
    sequences,
    set_aside,
    squash_rows,
)
from simulator.fixes.route import Mend
from simulator.model import Fix


class RootFix(Protocol):
    """A module that may know what to do about one root."""

    ID: str
    TITLE: str

    def propose(self, case: Case) -> Mend | None: ...


class WholeFix(Protocol):
    """A module that proposes what people try on a whole database, to show what it would do."""

    ID: str
    TITLE: str

    def propose(self, situation: Situation, options: tuple[str, ...]) -> Fix | None: ...


# The first that fits is tried first: what changes least, loses nothing and leaves nothing behind comes first.
OF_ROOTS: tuple[RootFix, ...] = (
    migrate_first,
    edit_code,
    restore_into_empty,
    history_rows,
    run_missing,
    history_numbers,
    history_aside,
    squash_rows,
    merge_migration,
    drop_invalid_index,
    fake_exactly,
    record_code,
    sequences,
    drop_copy,
    complete_and_fake,
    rename_aside,
    drop_leftover,
    alter_and_fake,
    drop_unfilled,
    set_aside,
    look_elsewhere,
    extend_path,
    run_again,
    recreate_missing,
    drop_default,
    remake_triggers,
    remake_columns,
    remake_views,
    change_owner,
    install_extension,
    ask_for_extension,
    mend_data,
    ask_a_person,
)

# What people try on the whole database: tried to say what it would leave, recommended only if nothing else works.
OF_PEOPLE: tuple[WholeFix, ...] = (fake_everything, fake_initial, prune, drop_and_migrate, reset_migrations)


def mends(case: Case) -> tuple[Mend, ...]:
    """Every fix that fits the root, the preferred first; one that only a person can do ends the list."""
    found: list[Mend] = []
    for module in OF_ROOTS:
        mend = module.propose(case)
        if mend is not None:
            found.append(mend)
            if mend.person:
                break
    return tuple(found)


def peoples(situation: Situation, options: Sequence[str] = ()) -> tuple[Fix, ...]:
    """What people try, as far as it applies here."""
    proposed = (module.propose(situation, tuple(options)) for module in OF_PEOPLE)
    return tuple(fix for fix in proposed if fix is not None)


def reset(situation: Situation, options: Sequence[str] = ()) -> Fix | None:
    """The last resort where somebody asks for it; None where none of the apps is the project's own."""
    return reset_migrations.on_request(situation, tuple(options))
