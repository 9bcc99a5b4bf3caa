"""The kinds of values a scenario's keys take, with their short forms, for pydantic and for the JSON Schema."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from simulator.scenario.duration import seconds

# The types of an error that say all there is to say; ``validation`` adds the value to the others.
WHOLE = "migsim_whole"
WITH_VALUE = "migsim_with_value"

_VARIABLES: JsonSchemaValue = {
    "anyOf": [
        {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}},
        {"type": "array", "items": {"type": "string", "pattern": "^[^\\s=]+(=.*)?$"}},
    ]
}


def wrong(words: str, kind: str = WITH_VALUE) -> PydanticCustomError:
    """A problem in our own words."""
    return PydanticCustomError(kind, "{words}", {"words": words})


def _filled(value: str) -> str:
    if not value.strip():
        raise wrong("is empty", WHOLE)
    if "\0" in value:
        raise wrong("has a NUL character in it", WHOLE)
    return value


def _word(value: str) -> str:
    if re.search(r"\s", value):
        raise wrong("must be one word")
    return value


def _as_text(value: object) -> object:
    """Numbers and truth values, from Python code, as YAML would write them."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _flag(value: object) -> object:
    if isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise wrong("must be true or false")
    return value == "true"


def _length(value: str) -> str:
    try:
        seconds(value)
    except ValueError as error:
        raise wrong(str(error)) from None
    return value


def _format(value: object) -> object:
    if str(value) != "1":
        raise wrong("must be 1, the only version of the format")
    return 1


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _arguments(value: object) -> object:
    try:
        found = shlex.split(value) if isinstance(value, str) else value
    except ValueError:
        raise wrong("has an open quote") from None
    if isinstance(found, list | tuple) and not found:
        raise wrong("is empty", WHOLE)
    return found


def _variables(value: object) -> object:
    """``environment:`` as in Compose; no message of it ever shows a value."""
    if isinstance(value, dict):
        return {key: _as_text(inner) for key, inner in value.items()}
    if not isinstance(value, list | tuple):
        raise wrong("must be a mapping (NAME: value) or a list of NAME and NAME=value", WHOLE)
    pairs: dict[str, str | None] = {}
    for position, item in enumerate(value, 1):
        if not isinstance(item, str) or not item.partition("=")[0].strip():
            raise wrong(f"entry {position} must be NAME or NAME=value", WHOLE)
        name, equals, text = item.partition("=")
        pairs[name.strip()] = text if equals else None
    return pairs


def _variable_names(value: dict[str, str | None]) -> dict[str, str | None]:
    for position, name in enumerate(value, 1):
        if not re.fullmatch(r"[^\s=\0]+", name):
            raise wrong(f"entry {position} has a name that no environment variable can have", WHOLE)
    return value


@dataclass(frozen=True)
class Accepts:
    """Runs ``before`` ahead of a value's own validation. ``schema`` makes the published schema of the value's own."""

    before: Callable[[object], object]
    schema: Callable[[JsonSchemaValue], JsonSchemaValue]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.before, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return self.schema(handler(core))


@dataclass(frozen=True)
class Like:
    """Text of a shape: a pattern that all of it matches, and the words for it."""

    pattern: str
    words: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(core), "pattern": f"^(?:{self.pattern})$"}

    def _check(self, value: str) -> str:
        if not re.fullmatch(self.pattern, value):
            raise wrong(f"must be {self.words}")
        return value


def shorthand(key: str) -> Accepts:
    """A mapping of which plain text stands for one key."""
    return Accepts(lambda value: {key: value} if isinstance(value, str) else value, _or_text)


def _or_text(own: JsonSchemaValue) -> JsonSchemaValue:
    return {"anyOf": [{"type": "string"}, own]}


def _of(*types: str) -> Callable[[JsonSchemaValue], JsonSchemaValue]:
    return lambda own: {**own, "type": list(types)}


# A list that may be a single item; a command's words, or its line.
LISTED = Accepts(_listed, _or_text)
ARGUMENTS = Accepts(_arguments, _or_text)
FORMAT = Accepts(_format, lambda own: own)

Text = Annotated[str, AfterValidator(_filled)]
Word = Annotated[Text, AfterValidator(_word)]
Number = Annotated[Text, Accepts(_as_text, _of("string", "number", "boolean"))]
Value = Annotated[str, Accepts(_as_text, _of("string", "number", "boolean"))]
Flag = Annotated[bool, Accepts(_flag, lambda own: own)]
Length = Annotated[Text, AfterValidator(_length)]
Strings = Annotated[tuple[Text, ...], LISTED]
Variables = Annotated[
    dict[str, str | None],
    AfterValidator(_variable_names),
    Accepts(_variables, lambda _own: _VARIABLES),
]
