"""The docker engine: PostgreSQL and the project in containers without any network."""

from simulator.engines.docker.engine import DockerEngine

__all__ = ["DockerEngine"]
