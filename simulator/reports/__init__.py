"""A Report in the forms that people and programs read."""

from simulator.reports.json_report import SCHEMA_OF_SEVERAL, to_json
from simulator.reports.text import to_text

__all__ = ["SCHEMA_OF_SEVERAL", "to_json", "to_text"]
