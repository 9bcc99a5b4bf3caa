"""From what the scenario says of the project's dependencies to the container that its code runs in."""

from __future__ import annotations

from dataclasses import replace

from simulator.engines.docker import builds, images, place, venv
from simulator.engines.docker.objects import Objects
from simulator.engines.docker.place import Place
from simulator.engines.plan import Build, Image, Interpreter, Plan, Requirements
from simulator.errors import CannotTell


def start(objects: Objects, plan: Plan, sockets: str) -> Place:
    """Build or install what is missing and start the container. Raises CannotTell with the reason."""
    image, volume = _image_and_volume(objects, plan)
    mounts = place.mounts(objects, sockets=sockets, venv=volume)
    container = place.start(objects, image, mounts, venv=bool(volume), environment=plan.environment)
    found = place.look(container, image, mounts, str(plan.project.resolve().relative_to(plan.tree.resolve())))
    python = f"{place.VENV}/bin/python" if volume else found.python
    return replace(found, python=python, checkout=isinstance(plan.dependencies, Image | Build))


def _image_and_volume(objects: Objects, plan: Plan) -> tuple[str, str | None]:
    match plan.dependencies:
        case Image(reference=reference):
            return reference, None
        case Build() as build:
            objects.run.tell(f"building {build.context / build.dockerfile}")
            return builds.project(objects.daemon, build, objects.run.folder), None
        case Requirements() as requirements:
            base = images.python(requirements)
            if requirements.system_packages:
                objects.run.tell(f"{base} with {', '.join(requirements.system_packages)}: built unless it is here")
                base = builds.with_packages(objects.daemon, base, requirements.system_packages)
            return base, venv.volume(objects, base, requirements)
        case Interpreter():
            raise CannotTell("an interpreter of this machine does not run in a container", "--engine embedded")
