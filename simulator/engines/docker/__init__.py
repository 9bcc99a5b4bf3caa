"""The docker engine: PostgreSQL and the project in containers without any network."""

from simulator.engines.docker.engine import DockerEngine, missing_images

__all__ = ["DockerEngine", "missing_images"]
