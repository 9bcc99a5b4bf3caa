"""Which scheme the project's own DATABASE_URL has: settings may test for it, and helpers derive the ENGINE from it.

Only what stands before ``://`` is ever taken from a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

# What URLs of databases may begin with and still mean PostgreSQL ("postgis", "pgsql", "postgresql+psycopg", ...).
_NAME = r"[\w+]*(?:postg|pgsql|psql|timescale)[\w+]*"
_SCHEME = re.compile(rf"(?<![\w+]){_NAME}(?=://)")
_KEY = re.compile(rf"(?<=[\"']){_NAME}(?=[\"']\s*:)")  # of a table that a project of its own looks the scheme up in
# What Heroku, most Compose files and the documentation of the usual helpers write, and all helpers read.
DEFAULT = "postgres"
VARIABLE = "DATABASE_URL"
# Where a project says it, the surest first. Settings may compare the value with a literal, or have a default.
_SAYS_SO = (".env", "*settings*.py", "settings/*.py", "*/settings*.py", "*/settings/*.py", "*/*/settings/*.py")
_EXAMPLES = (".env.*", "*.env", "*compose*.y*ml", ".envs/*/*", "app.json", "Procfile", "README*")
_MOST_FILES, _LARGEST = 60, 256 << 10


def scheme(environments: Iterable[Mapping[str, str]], folders: Iterable[Path]) -> str:
    """The first that is found: in the variable itself, then in the project's files; else ``DEFAULT``.

    ``environments``: the scenario's first. ``folders``: manage.py's, then those above it that are the project's.
    """
    values = (environment.get(VARIABLE, "") for environment in environments)
    found = [match.group() for text in values if (match := _SCHEME.match(text))]
    if found:
        return found[0]
    texts = [text for folder in dict.fromkeys(folders) for text in _texts(folder)]
    said = (match.group() for form in (_SCHEME, _KEY) for text in texts if (match := form.search(text)))
    return next(said, DEFAULT)


def _texts(folder: Path) -> Iterator[str]:
    paths = (path for pattern in (*_SAYS_SO, *_EXAMPLES) for path in sorted(folder.glob(pattern)))
    for path in islice(dict.fromkeys(paths), _MOST_FILES):
        try:
            if path.is_file() and path.stat().st_size <= _LARGEST:
                yield path.read_text("utf-8", "replace")
        except OSError:
            continue  # closed to us: then it says nothing
