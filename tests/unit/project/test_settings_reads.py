"""Which environment variables settings read without a default."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from simulator.project.settings_reads import reads

ENVIRON = "import environ\nenv = environ.Env(DEBUG=(bool, False))\n"
DECOUPLE = "from decouple import config\n"
HELPER = (
    "def needed(name):\n    try:\n        return os.environ[name]\n    except KeyError:\n        raise Wrong(name)\n"
)


def found(text: str) -> list[tuple[str, bool]]:
    return [(variable.name, variable.required) for variable in reads(ast.parse(text), Path("settings.py"))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('A = os.environ["X"]', [("X", True)]),
        ('from os import environ\nA = environ["X"]', [("X", True)]),
        ('A = os.environ.get("X")', [("X", False)]),
        ('A = os.getenv("X")', [("X", False)]),
        ('A = getenv("X")', [("X", False)]),
        (ENVIRON + 'A = env("X")', [("X", True)]),
        (ENVIRON + 'A = env("X", bool)', [("X", True)]),
        (ENVIRON + 'A = env.list("X")', [("X", True)]),
        (ENVIRON + "A = env.cache()", [("CACHE_URL", True)]),
        ("settings_env = Env()\nA = settings_env.str('X')", [("X", True)]),
        (DECOUPLE + 'A = config("X", cast=bool)', [("X", True)]),
        ("from decouple import config as read\nA = read('X')", [("X", True)]),
        (HELPER + 'A = needed("X")', [("X", True)]),
        ('try:\n    A = os.environ["X"]\nexcept KeyError:\n    raise Wrong', [("X", True)]),
        ('A = os.environ["X"] or "y"', [("X", True)]),
    ],
)
def test_a_variable_without_a_default(text: str, expected: list[tuple[str, bool]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        'A = os.environ.get("X", "y")',
        'A = os.getenv("X", None)',
        'A = os.getenv("X", default="y")',
        'A = os.getenv("X") or "y"',
        'A = os.environ["X"] if "X" in os.environ else "y"',
        'try:\n    A = os.environ["X"]\nexcept KeyError:\n    A = "y"',
        'os.environ.setdefault("X", "y")\nA = os.environ["X"]',
        'os.environ["X"] = "y"',
        ENVIRON + 'A = env("DEBUG")',
        ENVIRON + 'A = env("X", default="y")',
        ENVIRON + 'A = env("X", bool, False)',
        ENVIRON + 'A = env.bool("X", False)',
        ENVIRON + 'env.read_env("X")',
        DECOUPLE + 'A = config("X", "y")',
        'A = config("X")',
        'A = settings.get("X")',
        "A = os.environ[name]",
    ],
)
def test_nothing_that_has_a_default_or_is_no_variable(text: str) -> None:
    assert found(text) == []


def test_where_it_is_read() -> None:
    (variable,) = reads(ast.parse('import os\n\nA = os.environ["X"]\n'), Path("settings.py"))
    assert (variable.path, variable.line) == (Path("settings.py"), 3)
