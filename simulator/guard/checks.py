"""What a merge does to the migration files: one function a problem, each from the two trees to what it finds."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

from simulator.guard import source
from simulator.guard.graph import Graph
from simulator.guard.layout import MAX_MIGRATION, App, Layout
from simulator.guard.source import Key, Table
from simulator.wording import listed

_NUMBER = re.compile(r"\A(\d+)_")
_MOST_MOVES = 3  # renames that a hint spells out


@dataclass(frozen=True)
class Place:
    """A line of a file, by its path from the repository's top."""

    path: str
    line: int = 1


@dataclass(frozen=True)
class Problem:
    """What would go wrong, and what to type. ``migrations`` are "app.name"."""

    id: str
    migrations: tuple[str, ...]
    files: tuple[Place, ...]
    message: str
    hint: str
    app: App | None = field(default=None, repr=False, compare=False)  # as the merge has it


@dataclass(frozen=True)
class Comparison:
    """The tree that a merge makes, against the one that it goes into (None: there is nothing to compare with)."""

    merged: Layout
    base: Layout | None
    base_name: str = ""
    conflicts: tuple[str, ...] = ()  # files in which git stops

    @cached_property
    def changed(self) -> tuple[App, ...]:
        """The apps of the merge whose files are not all the base's."""
        apps = self.merged.apps.values()
        return tuple(app for app in apps if (old := self.before(app)) is None or old.blobs != app.blobs)

    def before(self, app: App) -> App | None:
        """The same app in the base, wherever its folder or its project lay."""
        if self.base is None:
            return None
        if same := self.base.apps.get(app.key):
            return same
        gone = [old for old in self.base.apps.values() if old.label == app.label and old.key not in self.merged.apps]
        return gone[0] if len(gone) == 1 and gone[0].project not in self.merged.projects else None

    def after(self, old: App) -> App | None:
        """The same app in the merge."""
        return self._after.get(old.folder)

    @cached_property
    def _after(self) -> Mapping[str, App]:
        return {old.folder: app for app in self.merged.apps.values() if (old := self.before(app)) is not None}

    def is_new(self, app: App, name: str) -> bool:
        """Whether the base lacks that migration; without a base every one may be."""
        old = self.before(app)
        return old is None or name not in old.paths

    def graph(self, project: str) -> Graph:
        """Of the changed apps of a project, by the merge."""
        return self._graphs.setdefault(project, Graph({app.label: app for app in self._of(project)}))

    def graph_before(self, app: App) -> Graph:
        """Of the same apps, by the base."""
        old = [self.before(one) for one in self._of(app.project)]
        return self._graphs_before.setdefault(app.project, Graph({one.label: one for one in old if one is not None}))

    def _of(self, project: str) -> list[App]:
        return [app for app in self.changed if app.project == project]

    @cached_property
    def _graphs(self) -> dict[str, Graph]:
        return {}

    @cached_property
    def _graphs_before(self) -> dict[str, Graph]:
        return {}


def deleted(compared: Comparison) -> Iterator[Problem]:
    """Migrations of the base that the merge has not, under whatever path."""
    for old in compared.base.apps.values() if compared.base else ():
        app = compared.after(old)
        gone = [name for name in old.paths if app is None or name not in app.paths]
        gone = [name for name in gone if (one := old.source(name)) is None or one.is_migration]
        if not gone:
            continue
        paths = [old.paths[name] for name in gone]
        restore = _restore(compared.base_name, paths if len(paths) <= _MOST_MOVES else [old.folder])
        squash = _squash_of(app, old.label, gone) if app else None
        if app is None:
            what = f"all migrations of {old.label} are gone"
            hint = f"{restore}; delete an app in two steps: first its models (makemigrations), later its folder"
        elif squash:
            what = f"{_are(old.label, gone)} gone, which {app.label}.{squash} replaces"
            hint = f"{restore}; delete them once every database has recorded {squash}, which one that has a part can't"
        else:
            what = f"{_are(old.label, gone)} gone"
            hint = (
                f"{restore}; to undo what it does, write a new migration: python manage.py makemigrations {old.label}"
            )
        message = f"{what}; databases have recorded {'it' if len(gone) == 1 else 'them'}"
        yield Problem("migration-deleted", _dotted(old.label, gone), tuple(map(Place, paths)), message, hint, app)


def edited(compared: Comparison) -> Iterator[Problem]:
    """Migrations of the base that say something else in the merge, layout, comments and docstrings apart."""
    for app in compared.changed:
        old = compared.before(app)
        for name, path in app.paths.items() if old else ():
            before = old.tree.text(old.paths[name]) if old and name in old.paths else None
            after = app.tree.text(path)
            if before is None or after is None or before == after:
                continue
            first, second = source.normal_form(before), source.normal_form(after)
            if first is None or second is None or first == second:
                continue
            line = source.first_difference(before, after)
            message = f"{app.label}.{name} is changed; databases that have recorded it will not run it again"
            hint = (
                f"{_restore(compared.base_name, [path])}; and put the change into a migration of its own: "
                f"python manage.py makemigrations {app.label}"
            )
            yield Problem(
                "migration-edited-after-base", _dotted(app.label, [name]), (Place(path, line),), message, hint, app
            )


def two_leaves(compared: Comparison) -> Iterator[Problem]:
    """Apps that end in more leaves than in the base: migrate stops before it does anything."""
    for app in compared.changed:
        if unclear(app):
            continue
        leaves = compared.graph(app.project).leaves(app.label)
        before = compared.graph_before(app).leaves(app.label) if compared.before(app) else ()
        if len(leaves) < 2 or len(leaves) <= len(before):
            continue
        new = [name for name in leaves if compared.is_new(app, name)]
        places = [Place(app.paths[name], app.sources[name].dependencies_line) for name in new or leaves]
        message = (
            f"{app.label} would end in {len(leaves)} leaves, {listed(leaves)}: migrate stops at conflicting migrations"
        )
        hint = f"python manage.py makemigrations --merge {app.label}"
        if behind := _put_behind(compared, app, leaves, before):
            hint += f"; or, while the branch is not merged: {behind}"
        yield Problem("two-leaves", _dotted(app.label, leaves), tuple(places), message, hint, app)


def duplicate_number(compared: Comparison) -> Iterator[Problem]:
    """Two migrations of one number that nothing orders: which runs first is chance, or two branches."""
    for app in compared.changed:
        graph = compared.graph(app.project)
        by_number: dict[int, list[str]] = {}
        for name in app.sources:
            if found := _NUMBER.match(name):
                by_number.setdefault(int(found[1]), []).append(name)
        for number, names in sorted(by_number.items()):
            rivals = _rivals(compared, app, graph, names)
            if rivals and not unclear(app):
                new = [name for name in rivals if compared.is_new(app, name)]
                places = tuple(Place(app.paths[name]) for name in new)
                message = f"{app.label} has {len(rivals)} migrations numbered {number:04}: {listed(rivals)}"
                free = _next_number(app)
                hint = f"{_move(app, new[-1], free)}{_recorded_as(app, new[-1], free)}"
                yield Problem("duplicate-number", _dotted(app.label, rivals), places, message, hint, app)


def table_created_twice(compared: Comparison) -> Iterator[Problem]:
    """One table that two migrations create, and none takes away between them: the second meets the first's."""
    for app in compared.changed:
        for name, one in app.sources.items():
            for table in one.creates if compared.is_new(app, name) else ():
                yield from _other_creators(compared, app, name, table)


def missing_parent(compared: Comparison) -> Iterator[Problem]:
    """Dependencies on a migration of the project that is not there."""
    for app in compared.changed:
        apps, old = compared.merged.of_project(app.project), compared.before(app)
        known = set(apps) | set(compared.base.of_project(old.project if old else app.project) if compared.base else ())
        for name, one in app.sources.items():
            lost = [key for key in one.dependencies if key[0] in known and not _is_there(apps, key)]
            before = old.sources.get(name) if old else None
            if before is not None and compared.base is not None and old is not None:
                # The base alone had it already.
                own = compared.base.of_project(old.project)
                lost = [key for key in lost if key not in before.dependencies or _is_there(own, key)]
            for parent in lost:
                message = f"{app.label}.{name} depends on {'.'.join(parent)}, which is not there: migrate can't load"
                hint = (
                    f"bring it back, or have {app.paths[name]} depend on what is there: python manage.py showmigrations"
                )
                yield Problem(
                    "missing-parent",
                    _dotted(app.label, [name]),
                    (Place(app.paths[name], one.dependencies_line),),
                    message,
                    hint,
                    app,
                )


def max_migration_conflict(compared: Comparison) -> Iterator[Problem]:
    """max_migration.txt of django-linear-migrations: git stops there, or it names no leaf."""
    for path in compared.conflicts:
        if path.rpartition("/")[2] == MAX_MIGRATION:
            folder = path.rpartition("/")[0]
            app = next((one for one in compared.merged.apps.values() if one.folder == folder), None)
            label = app.label if app else folder
            message = f"git stops at {path}: both branches add a migration to {label}"
            yield Problem("max-migration-conflict", (), (Place(path),), message, _rebase(label), app)
    for app in compared.changed:
        path = f"{app.folder}/{MAX_MIGRATION}"
        named = app.max_migration
        if named is None or path in compared.conflicts or unclear(app):
            continue
        leaves = compared.graph(app.project).leaves(app.label)
        old = compared.before(app)
        stood = old is not None and old.max_migration is not None
        was_wrong = stood and old is not None and old.max_migration not in compared.graph_before(app).leaves(app.label)
        if named not in leaves and not was_wrong:
            message = f"{path} names {named or 'nothing'}, and {app.label} ends in {listed(leaves) or 'no migration'}"
            yield Problem("max-migration-conflict", (), (Place(path),), message, _rebase(app.label), app)


def unclear(app: App) -> tuple[str, ...]:
    """Why the app's leaves can't be told: sentences that name its files."""
    found = []
    for name, path in app.paths.items():
        one = app.source(name)
        if one is None:
            found.append(f"{path} is not on this machine (a partial clone)")
        elif one.unreadable:
            found.append(f"{path} {one.unreadable}")
    return tuple(found)


def computed(compared: Comparison) -> Iterator[str]:
    """New or changed migrations whose tables can't be told."""
    for app in compared.changed:
        old = compared.before(app)
        for name, one in app.sources.items():
            same = (
                old is not None
                and name in old.paths
                and old.tree.text(old.paths[name]) == app.tree.text(app.paths[name])
            )
            if one.computed and not same:
                yield f"{app.paths[name]} {one.computed}: which tables it makes"


# In the order that they are said.
OF_TREES = (deleted, edited)
OF_THE_MERGE = (two_leaves, duplicate_number, table_created_twice, missing_parent)
IDS = (
    *("migration-deleted", "migration-edited-after-base", "two-leaves", "duplicate-number"),
    *("table-created-twice", "missing-parent", "max-migration-conflict"),
)


# --- the parts of the above -----------------------------------------------------------------------


def _dotted(label: str, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{label}.{name}" for name in names)


def _are(label: str, names: Sequence[str]) -> str:
    return f"{listed(_dotted(label, names))} {'is' if len(names) == 1 else 'are'}"


def _restore(ref: str, paths: Sequence[str]) -> str:
    return shlex.join(("git", "checkout", ref, "--", *paths))


def _move(app: App, name: str, number: int) -> str:
    new = app.paths[name].removesuffix(f"{name}.py") + f"{_new_name(name, number)}.py"
    return shlex.join(("git", "mv", app.paths[name], new))


def _squash_of(app: App, label: str, gone: Sequence[str]) -> str | None:
    """The migration of the merge that replaces what is gone, or did before its ``replaces`` was taken out."""
    keys = {(label, name) for name in gone}
    return next((name for name, one in app.sources.items() if keys.intersection(one.replaces)), None)


def _put_behind(compared: Comparison, app: App, leaves: Sequence[str], before: Sequence[str]) -> str:
    """The renames that put the branch's migrations behind the base's leaf; "" where there is not one of each."""
    base_leaves = [name for name in leaves if name in before]
    new_leaves = [name for name in leaves if compared.is_new(app, name)]
    if len(base_leaves) != 1 or len(new_leaves) != 1:
        return ""
    graph = compared.graph(app.project)
    line = [
        name
        for label, name in (*graph.ancestors[(app.label, new_leaves[0])], (app.label, new_leaves[0]))
        if label == app.label and name in app.sources and compared.is_new(app, name)
    ]
    line.sort(key=lambda name: len(graph.ancestors[(app.label, name)]))
    number = _number(base_leaves[0])
    if number is None or len(line) > _MOST_MOVES or any(_number(name) is None for name in line):
        return ""
    moves = [(name, number + place) for place, name in enumerate(line, 1)]
    commands = "; ".join(_move(app, name, to) for name, to in reversed(moves))
    recorded = "".join(_recorded_as(app, name, to) for name, to in moves)
    return f"{commands}; have {line[0]} depend on ('{app.label}', '{base_leaves[0]}'){recorded}"


def _number(name: str) -> int | None:
    found = _NUMBER.match(name)
    return int(found[1]) if found else None


def _next_number(app: App) -> int:
    return max((number for name in app.paths if (number := _number(name)) is not None), default=0) + 1


def _new_name(name: str, number: int) -> str:
    return f"{number:04}_{_NUMBER.sub('', name)}"


def _recorded_as(app: App, name: str, number: int) -> str:
    return (
        f"; a database that ran it under the old name: UPDATE django_migrations SET name = '{_new_name(name, number)}' "
        f"WHERE app = '{app.label}' AND name = '{name}'"
    )


def _rivals(compared: Comparison, app: App, graph: Graph, names: Sequence[str]) -> list[str]:
    """Those of one number that no later migration joins and of which none comes before the other; at least one new."""
    found: dict[str, None] = {}
    for one, other in combinations(names, 2):
        if not (compared.is_new(app, one) or compared.is_new(app, other)) or (compared.base is None):
            continue
        keys = ((app.label, one), (app.label, other))
        if not graph.is_related(*keys) and not graph.are_joined(keys):
            found |= dict.fromkeys((one, other))
    return sorted(found)


def _other_creators(compared: Comparison, app: App, name: str, table: Table) -> Iterator[Problem]:
    for other in compared.merged.of_project(app.project).values():
        # A default name is spelled out nowhere.
        if table.name not in other.text and not table.name.startswith(f"{other.label}_"):
            continue
        for rival, one in other.sources.items():
            key, second = (app.label, name), (other.label, rival)
            made = next((each for each in one.creates if each.name == table.name), None)
            told_there = compared.is_new(other, rival) and second > key
            if made is None or second == key or told_there or _is_one_squash(key, second, app, other):
                continue
            graph = Graph({app.label: app, other.label: other})
            if _taken_away(graph, table.name, ((key, table.model), (second, made.model))):
                continue
            names = tuple(sorted((f"{app.label}.{name}", f"{other.label}.{rival}")))
            message = (
                f"{' and '.join(names)} both create the table {table.name}: whichever runs second fails "
                "(relation already exists)"
            )
            hint = f"give one of the models another db_table, or take its CreateModel out of {app.paths[name]}"
            places = (Place(app.paths[name], table.line), Place(other.paths[rival], made.line))
            yield Problem("table-created-twice", names, places, message, hint, app)


def _is_one_squash(one: Key, other: Key, app: App, rival: App) -> bool:
    """Whether one replaces the other, or something replaces both."""
    replaced = [set(each.replaces) for each in (*app.sources.values(), *rival.sources.values())]
    sources = {one: app.sources[one[1]], other: rival.sources[other[1]]}
    direct = one in sources[other].replaces or other in sources[one].replaces
    return (
        direct
        or any({one, other} <= keys for keys in replaced)
        or bool(set(sources[one].replaces) & set(sources[other].replaces))
    )


def _taken_away(graph: Graph, table: str, makers: Iterable[tuple[Key, str]]) -> bool:
    """Whether something takes the table away after one of its makers; each is a migration and the model there."""
    for (label, name), model in makers:
        for key, one in graph.sources.items():
            own = key[0] == label and model in one.removes
            by_sql = any(table in text for text in one.drops)
            if (own or by_sql) and (key == (label, name) or (label, name) in graph.ancestors.get(key, ())):
                return True
    return False


def _is_there(apps: Mapping[str, App], key: Key) -> bool:
    app = apps.get(key[0])
    return app is not None and (key[1] in app.paths or any(key in one.replaces for one in app.sources.values()))


def _rebase(label: str) -> str:
    return f"python manage.py rebase_migration {label} (django-linear-migrations), or write the leaf's name there"
