"""A Report in the forms that people and programs read. Pure."""

from simulator.render.json_report import SCHEMA_OF_SEVERAL, to_json
from simulator.render.text import to_text

__all__ = ["SCHEMA_OF_SEVERAL", "to_json", "to_text"]
