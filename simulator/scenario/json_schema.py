"""The JSON Schema of the scenario file, for editors; docs/scenario.schema.json is its text."""

from __future__ import annotations

import json

from pydantic.json_schema import GenerateJsonSchema

from simulator.scenario import Scenario


class _Untitled(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: object) -> bool:
        return False  # a key is its own title


def schema() -> dict[str, object]:
    """The schema of a scenario after Jinja, short forms included."""
    described = Scenario.model_json_schema(mode="validation", schema_generator=_Untitled)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **described,
        "title": "migsim scenario",
    }


def text() -> str:
    """The published file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
