"""The embedded engine: PostgreSQL and the project's Python as confined local processes, without Docker."""

from simulator.engines.embedded.engine import EmbeddedEngine

__all__ = ["EmbeddedEngine"]
