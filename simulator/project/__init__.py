"""A Django project on disk, looked at without running any of its code."""

from simulator.project.look import ProjectLook, choices, look

__all__ = ["ProjectLook", "choices", "look"]
