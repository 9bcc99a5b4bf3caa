"""What is published of the format agrees with the code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from simulator.scenario import Scenario
from simulator.scenario.json_schema import schema, text

DOCS = Path(__file__).parents[3] / "docs"
REGENERATE = 'python -c "import sys; from simulator.scenario.json_schema import text; sys.stdout.write(text())"'


def keys(model: type[BaseModel]) -> Iterator[str]:
    """Every key of a scenario, at any depth."""
    for name, field in model.model_fields.items():
        yield name
        for inner in models_in(field.annotation):
            yield from keys(inner)


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def test_the_published_schema_is_that_of_the_code() -> None:
    published = (DOCS / "scenario.schema.json").read_text(encoding="utf-8")
    assert published == text(), f"{REGENERATE} > docs/scenario.schema.json"


@pytest.mark.parametrize("key", sorted(set(keys(Scenario))))
def test_every_key_is_documented(key: str) -> None:
    documented = (DOCS / "scenarios.md").read_text(encoding="utf-8")
    assert f"`{key}`" in documented or f".{key}`" in documented or f"{{{key}:" in documented


def definition(name: str) -> Any:
    definitions: Any = schema()["$defs"]
    return definitions[name]["properties"]


@pytest.mark.parametrize(
    ("model", "key", "types"),
    [
        ("Step", "restore", {"string", "Restore", "null"}),
        ("Step", "migrate", {"string", "Migrate", "null"}),
        ("Django", "build", {"string", "Build", "null"}),
        ("Django", "merge", {"string", "array"}),
        ("Django", "environment", {"object", "array"}),
        ("Rehearse", "command", {"string", "array"}),
        ("Postgres", "role", {"string", "Role"}),
    ],
)
def test_the_short_forms_are_in_the_schema(model: str, key: str, types: set[str]) -> None:
    written = definition(model)[key]
    assert {form(kind) for kind in written.get("anyOf") or written["oneOf"]} == types


def form(kind: dict[str, Any]) -> str:
    if inner := kind.get("anyOf"):
        return next(form(part) for part in inner)
    return str(kind.get("type") or kind["$ref"].rpartition("/")[2])


def test_versions_may_be_numbers() -> None:
    python = definition("Django")["python"]["anyOf"][0]
    assert {"string", "number"} <= set(python["type"])
