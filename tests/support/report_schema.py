"""Reports against docs/report.schema.json: the few words of JSON Schema that it uses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text())
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
    "number": (int, float),
}


def problems(value: Any, schema: Mapping[str, Any] = SCHEMA, path: str = "$") -> list[str]:
    """What of the value the schema does not allow. A key that it does not name is one too: it is undocumented."""
    return list(_problems(value, schema, path))


def _problems(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    if "$ref" in schema:
        yield from _problems(value, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], path)
    if "oneOf" in schema:
        absent = {"type": "null"}
        tries = [problems(value, each, path) for each in schema["oneOf"] if each != absent or value is None]
        if tries.count([]) != 1:
            yield from min(tries, key=len) or [f"{path}: several of oneOf fit"]
    if not _fits(value, schema):
        yield f"{path}: {value!r}"
    elif isinstance(value, dict):
        yield from _of_object(value, schema, path)
    elif isinstance(value, list) and "items" in schema:
        for place, item in enumerate(value):
            yield from _problems(item, schema["items"], f"{path}[{place}]")


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    kinds = schema.get("type", [])
    named = [kinds] if isinstance(kinds, str) else kinds
    return (
        (not named or any(_is(value, kind) for kind in named))
        and ("const" not in schema or value == schema["const"])
        and ("enum" not in schema or value in schema["enum"])
        and ("pattern" not in schema or value is None or re.search(schema["pattern"], value) is not None)
    )


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _of_object(value: dict[str, Any], schema: Mapping[str, Any], path: str) -> Iterator[str]:
    parts = [schema, *(SCHEMA["$defs"][each["$ref"].rpartition("/")[2]] for each in schema.get("allOf", ()))]
    known: dict[str, Any] = {}
    for part in parts:
        known |= part.get("properties", {})
        yield from (f"{path}.{name}: missing" for name in part.get("required", ()) if name not in value)
    for name, item in value.items():
        if name in known:
            yield from _problems(item, known[name], f"{path}.{name}")
        elif "additionalProperties" in schema:
            yield from _problems(item, schema["additionalProperties"], f"{path}.{name}")
        elif known:
            yield f"{path}.{name}: not in the schema"
