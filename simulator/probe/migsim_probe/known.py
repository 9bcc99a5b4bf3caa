"""What is known to be a name: of the catalog as it was restored, of the code's models and migrations, of its source.

What the project's own code makes of rows while it runs (a table, a role) is no name: the catalog is read before.
"""

from __future__ import annotations

import builtins
import contextlib
import os
import re
import sys
from typing import Any, Container, Iterable, Iterator

from migsim_probe import chain, forms, history, shown, source_names
from migsim_probe.name_queries import CATALOG, LANGUAGE
from migsim_probe.shown import Layers
from migsim_probe.start import SETTINGS

NAMING_ATTRIBUTES = ("name", "name_lower", "model_name", "old_name", "new_name", "order_with_respect_to")
MADE = re.compile(r"(?P<rest>\w+?)_(?:pkey|key|seq|check|fkey|idx|excl|not_null)\d{0,2}")
TYPES = frozenset(
    ["NoneType", "function", "method", "module", "generator", "builtin_function_or_method", "Decimal", "utf-8", "ascii"]
)
MOST_SOURCE = 1 << 20  # bytes of the project's loaded modules that are read for a message with unknown words
LISTS = ("INSTALLED_APPS", "MIDDLEWARE", "AUTHENTICATION_BACKENDS", "DATABASE_ROUTERS")
PLACES = ("ROOT_URLCONF", "WSGI_APPLICATION", "ASGI_APPLICATION", "AUTH_USER_MODEL", "DEFAULT_AUTO_FIELD")


class Known:
    """Names, as they come to be known in one run."""

    def __init__(self, given: Iterable[str]) -> None:
        self._names: set[str] = {*given, *dir(builtins), *TYPES}
        self._language: frozenset[str] | None = None
        self._loaded: frozenset[str] | None = None
        self._registry: frozenset[str] = frozenset()
        self._catalogs: set[str] = set()
        self._files: set[str] = set()

    def add(self, names: Iterable[Any]) -> None:
        self._names.update(name for name in names if isinstance(name, str) and any(map(str.isalpha, name)))

    def names(self) -> Container[str]:
        """All but those of source files; the variables of the environment by name."""
        if not self._registry and "django.apps" in sys.modules:
            with contextlib.suppress(Exception):
                self._registry = history.project_names()
        self._add_migration_files()
        every = Layers(self._names, self._registry)
        return Layers(every, frozenset(os.environ), _of_settings_module(), _MadeByServer(every))

    def language(self) -> frozenset[str]:
        """SQL's own words, in lower case."""
        return self._language or forms.sql_words()

    def add_catalog(self, connection: Any) -> None:
        """Once for each alias, before anything of the project's code ran there."""
        if connection.alias in self._catalogs:
            return
        self._catalogs.add(connection.alias)
        with contextlib.suppress(Exception), connection.cursor() as cursor:
            cursor.execute(CATALOG)
            self.add(name for (name,) in cursor.fetchall())
            if self._language is None:
                cursor.execute(LANGUAGE)
                self._language = forms.sql_words() | {word for (word,) in cursor.fetchall()}

    def add_migrations(self, migrations: Iterable[Any]) -> None:
        """What the operations of these name."""
        for migration in migrations:
            self.add((migration.app_label, migration.name, f"{migration.app_label}.{migration.name}"))
            for operation in migration.operations:
                with contextlib.suppress(Exception):  # an operation of the project's may be of any make
                    self.add(_of_operation(operation))
                    self.add(_tables(migration.app_label, operation))

    def _add_migration_files(self) -> None:
        """Of those that were loaded: what they are called, and which others they name."""
        for name, module in list(sys.modules.items()):
            migration = getattr(module, "Migration", None)
            if name in self._files or not isinstance(migration, type) or ".migrations." not in name:
                continue
            self._files.add(name)
            self.add(name.split("."))
            for key in ("dependencies", "run_before", "replaces"):
                named = getattr(migration, key, None)
                for pair in named if isinstance(named, (list, tuple)) else ():
                    self.add((*pair, ".".join(map(str, pair))) if isinstance(pair, tuple) else ())

    def add_settings(self, settings: Any) -> None:
        """The settings' names, and the modules that some of them name."""
        names = [name for name in dir(settings) if name.isupper()]
        self.add(names)
        for name in names:
            value = getattr(settings, name, None)
            if name in LISTS and isinstance(value, (list, tuple)):
                self.add(part for text in value if isinstance(text, str) for part in (text, *text.split(".")))
            elif name in PLACES and isinstance(value, str):
                self.add((value, *value.split(".")))

    def of_files(self, error: BaseException, is_library: Any) -> frozenset[str]:
        """Those in the files that the error passed through; of an installed one, what it imports and its functions."""
        found: set[str] = set()
        for link in chain.links(error):
            found.update(type(link).__qualname__.split("."))
            for traceback in chain.frames(link):
                code = traceback.tb_frame.f_code
                found.add(code.co_name)
                if is_library(traceback):
                    found |= source_names.imports_of_file(code.co_filename)
                else:
                    found |= source_names.of_file(code.co_filename) | {code.co_filename}
            if isinstance(link, SyntaxError) and link.filename:
                found.add(os.path.basename(link.filename))
        return frozenset(found)

    def of_loaded(self, is_library_file: Any) -> frozenset[str]:
        """Those in the project's loaded modules, and the classes of all; read once, when a message asks for it."""
        if self._loaded is None:
            found: set[str] = set()
            left = MOST_SOURCE
            for module in list(sys.modules.values()):
                path = getattr(module, "__file__", None) or ""
                with contextlib.suppress(Exception):
                    found.update(_classes(module))
                if not path.endswith(".py") or is_library_file(path):
                    continue
                with contextlib.suppress(OSError):
                    left -= os.path.getsize(path)
                    found |= source_names.of_file(path) if left > 0 else frozenset()
            self._loaded = frozenset(found)
        return self._loaded


def _of_settings_module() -> frozenset[str]:
    """The dotted path of the settings in the words of who started the project, and each of its parts."""
    path = os.environ.get(SETTINGS, "")
    return frozenset((path, *path.split(".")))


def _tables(app: str, operation: Any) -> Iterator[str]:
    """Django's names for the tables of a model and of its fields of many."""
    name = getattr(operation, "name_lower", None) if hasattr(operation, "fields") else None
    model = name or getattr(operation, "model_name_lower", None)
    if isinstance(model, str):
        yield f"{app}_{model}"
        pairs = getattr(operation, "fields", None) or [(getattr(operation, "name", None), None)]
        yield from (f"{app}_{model}_{field}" for field, _ in pairs)


class _MadeByServer:
    """Names that PostgreSQL makes of others: blog_post_pkey, blog_post_title_key, blog_post_id_seq."""

    def __init__(self, names: Container[str]) -> None:
        self._names = names

    def __contains__(self, name: object) -> bool:
        match = MADE.fullmatch(name) if isinstance(name, str) else None
        if match is None:
            return False
        rest = match["rest"]
        if rest in self._names:
            return True
        cuts = [index for index, character in enumerate(rest) if character == "_"]
        return any(rest[:cut] in self._names and rest[cut + 1 :] in self._names for cut in cuts)


def _of_operation(operation: Any) -> Iterator[Any]:
    yield from (getattr(operation, name, None) for name in NAMING_ATTRIBUTES)
    for each in (getattr(operation, "index", None), getattr(operation, "constraint", None)):
        yield getattr(each, "name", None)
    fields = getattr(operation, "fields", None) or ()
    pairs = [pair for pair in fields if isinstance(pair, (list, tuple)) and len(pair) == 2]
    for name, field in [*pairs, (getattr(operation, "name", None), getattr(operation, "field", None))]:
        if isinstance(name, str) and field is not None:
            yield from (name, name + "_id", getattr(field, "db_column", None))
            model = getattr(getattr(field, "remote_field", None), "model", None)
            if isinstance(model, str):
                yield from (model, *model.split("."), *model.lower().split("."))
    options = getattr(operation, "options", None) or {}
    if isinstance(options, dict):
        yield options.get("db_table")
        for each in (*options.get("indexes", ()), *options.get("constraints", ())):
            yield getattr(each, "name", None)
    yield getattr(operation, "table", None)
    sql = getattr(operation, "sql", None)
    for text in [sql] if isinstance(sql, str) else ():
        yield from shown.identifiers(text)
    for nested in (*getattr(operation, "database_operations", ()), *getattr(operation, "state_operations", ())):
        yield from _of_operation(nested)


def _classes(module: Any) -> Iterator[str]:
    return (name for name, value in vars(module).items() if isinstance(value, type))
