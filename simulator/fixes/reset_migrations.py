"""Delete the migrations and write them anew: the last resort, named with its cost and tried only on request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePath

from simulator.findings.graph import ancestors, app_of
from simulator.findings.situation import Situation
from simulator.fixes.history_rows import insert_row
from simulator.fixes.repair import repair
from simulator.model import Fix, MigrationFile, Step
from simulator.postgres.sql import literal, scripts
from simulator.wording import some

ID = "reset-migrations"
TITLE = "Reset the migrations (the last resort)"
# What makemigrations calls the first migration of an app (Django's ``Migration.suggest_name``).
FIRST = "0001_initial"


def propose(situation: Situation, options: tuple[str, ...]) -> Fix | None:
    """Where history and files have parted: rows that no file on disk has, in an app that fails."""
    failing = {app_of(root.failure.migration) for root in situation.roots if root.failure.migration}
    return _reset(situation, {app_of(name) for name in situation.history.not_on_disk} & failing, options)


def on_request(situation: Situation, options: tuple[str, ...]) -> Fix | None:
    """Of every app that fails, and of every one whose history and files have parted."""
    failing = {app_of(root.failure.migration) for root in situation.roots if root.failure.migration}
    return _reset(situation, failing | {app_of(name) for name in situation.history.not_on_disk}, options)


def _reset(situation: Situation, apps: Iterable[str], options: tuple[str, ...]) -> Fix | None:
    """None where none of them is the project's own."""
    own = {app_of(file.name) for file in situation.code.files.values() if is_own(file)}
    wanted = own.intersection(apps)
    if not wanted:
        return None
    apps = sorted(_with_dependents(situation, wanted, own))
    deleted = [name for name in situation.code.files if app_of(name) in apps]
    person = f"delete the {len(deleted)} migration files of {', '.join(apps)} (their __init__.py stay)"
    return Fix(
        ID,
        f"reset the migrations of {', '.join(apps)}",
        (Step(person=person), *_steps(situation, apps, options)),
        mends=tuple(root.id for root in situation.roots),
        note=_cost(situation, deleted),
        resets=tuple(apps),
    )


def is_own(file: MigrationFile) -> bool:
    """Whether its file is the project's to delete: not one that a package has installed."""
    return {"site-packages", "dist-packages"}.isdisjoint(PurePath(file.path).parts)


def _with_dependents(situation: Situation, apps: set[str], own: set[str]) -> set[str]:
    """With the project's other apps whose migrations name one that is deleted: they could not be loaded any more."""
    found = set(apps)
    while True:
        more = {
            app_of(file.name)
            for file in situation.code.files.values()
            if app_of(file.name) in own and not found.isdisjoint(map(app_of, file.named))
        }
        if more <= found:
            return found
        found |= more


def _steps(situation: Situation, apps: list[str], options: tuple[str, ...]) -> Iterator[Step]:
    """New files, their rows for the old ones, what other apps have pending, what the schema lacks, and the record."""
    yield Step(manage=("makemigrations", *apps))
    if situation.database.history.kind is not None:
        yield Step(sql=";\n".join(_rows(situation, apps)))
    yield from (Step(manage=("migrate", app, *options)) for app in _others(situation, apps))
    lacking = [sql for name in situation.pending if app_of(name) in apps for sql in _pieces(situation, name)]
    yield from (Step(sql=text) for text in scripts(lacking))
    yield from (Step(manage=("migrate", app, "--fake", *options)) for app in apps)
    yield Step(manage=("migrate", *options))


def _others(situation: Situation, apps: list[str]) -> list[str]:
    """Apps with something pending that does not wait for one of these: the new files may stand on it."""
    beneath: dict[str, set[str]] = {}
    for name in situation.pending:
        beneath.setdefault(app_of(name), {app_of(name)}).update(map(app_of, ancestors(name, situation.code.files)))
    return [app for app, below in beneath.items() if below.isdisjoint(apps)]


def _rows(situation: Situation, apps: list[str]) -> Iterator[str]:
    """Where another app's recorded migration stands on one of these, the first stays recorded: Django asks for it."""
    recorded = {row.name for row in situation.database.history.rows}
    others = [name for name in situation.history.applied if app_of(name) not in apps]
    for app in apps:
        first = f"{app}.{FIRST}"
        if any(app == app_of(above) for name in others for above in ancestors(name, situation.code.files)):
            yield f'DELETE FROM "django_migrations" WHERE "app" = {literal(app)} AND "name" <> {literal(FIRST)}'
            if first not in recorded:
                yield insert_row(first)
        else:
            yield f'DELETE FROM "django_migrations" WHERE "app" = {literal(app)}'


def _pieces(situation: Situation, name: str) -> tuple[str, ...]:
    effects = situation.effects.get(name)
    found = repair(situation, name) if effects is not None and not effects.all_there else None
    return (*found.ran, *found.altered) if found else ()


def _cost(situation: Situation, deleted: list[str]) -> str:
    code = [name for name in deleted if any(one.runs_code for one in situation.code.files[name].operations)]
    gone = f"; the code of {some(code)} is gone" if code else ""
    return f"every other database and branch needs the same at the same time{gone}"
