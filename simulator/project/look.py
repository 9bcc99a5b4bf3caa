"""A real Django project on disk, looked at without running any of its code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from simulator.engines.plan import Build, Dependencies, Image, Interpreter, Requirements
from simulator.errors import UsageError
from simulator.project import deployment, env_file
from simulator.project.packaging import Packaging, packaging
from simulator.project.settings_source import SettingsSource, read_settings, settings_of, siblings
from simulator.scenario import Django

_NOT_OURS = ("node_modules", "venv", "env", "site-packages", "build", "dist")


@dataclass(frozen=True)
class ProjectLook:
    """What a folder shows of its project. ``home`` is the folder that holds manage.py (the first of several)."""

    folder: Path
    home: Path
    managers: tuple[Path, ...] = ()  # every manage.py: in the folder itself, or one level below
    settings: str | None = None  # what its WSGI module sets, else manage.py
    settings_from: Path | None = None  # the file that does
    other_settings: tuple[str, ...] = ()
    source: SettingsSource = field(default_factory=SettingsSource)
    packaging: Packaging = field(default_factory=Packaging)
    env_files: tuple[Path, ...] = ()
    env_names: frozenset[str] = frozenset()  # the variables that they set


def look(
    folder: Path, *, tops: tuple[Path, ...] = (), settings: str | None = None, as_served: bool = True
) -> ProjectLook:
    """Look at the project in ``folder``. What belongs to it may lie above, up to git's top or one of ``tops``.

    ``settings``: the module that is meant, where somebody has said it; else what the WSGI module sets, if that is to
    be looked at (``as_served``), else what manage.py does.
    """
    folder = folder.resolve()
    managers = tuple(_managers(folder))
    home = managers[0].parent if managers else folder
    git_top = next((above for above in (folder, *folder.parents) if (above / ".git").exists()), None)
    folders = list(_upwards(home, (*tops, git_top or folder, folder)))
    served = deployment.served_settings(home) if managers and as_served else None
    own = (settings_of(managers[0]), managers[0]) if managers else (None, None)
    chosen, named_in = (settings, None) if settings else served or own
    kind = deployment.kind_of(chosen)
    names = {path: _names_in(path) for path in deployment.env_files(folders, kind)}
    return ProjectLook(
        folder=folder,
        home=home,
        managers=managers,
        settings=chosen,
        settings_from=named_in,
        other_settings=siblings(chosen, home) if chosen else (),
        source=read_settings(chosen, home) if chosen else SettingsSource(),
        packaging=packaging(folders, kind),
        env_files=tuple(path for path, found in names.items() if found),
        env_names=frozenset().union(*names.values()),
    )


def choices(django: Django, look: ProjectLook, root: Path) -> tuple[Dependencies, ...]:
    """What the project's code can run with, the best first: what the scenario names, else everything found.

    An engine takes the first that it can serve. Relative paths are relative to ``root``, else to the project.
    Raises UsageError when something named isn't there, or nothing is found.
    """
    _one_manage(look)
    named = _named(django, look, root)
    found = (named,) if named else tuple(_found(django, look))
    if not found:
        raise _nothing(look)
    return found


def _one_manage(look: ProjectLook) -> None:
    if not look.managers:
        raise UsageError(
            f"{look.folder} holds no manage.py, nor does a folder in it",
            "set django.project to the folder that holds manage.py",
        )
    if len(look.managers) > 1:
        there = ", ".join(str(path.relative_to(look.folder)) for path in look.managers)
        first = look.home.relative_to(look.folder)
        raise UsageError(f"{look.folder} holds several projects: {there}", f"django: {{project: {first}}}")


def _named(django: Django, look: ProjectLook, root: Path) -> Dependencies | None:
    checkout = django.code == "checkout" or bool(django.ref or django.merge)
    if django.image:
        return Image(django.image, checkout=checkout)
    if django.build:
        build = django.build
        context = _there("django.build", build.context, django, look, root)
        if not (context / build.dockerfile).is_file():
            raise UsageError(f"django.build: {context / build.dockerfile}: no such file", "set django.build.dockerfile")
        return Build(context, build.dockerfile, build.target, build.args, checkout=checkout)
    if django.requirements:
        file = _there("django.requirements", django.requirements, django, look, root)
        return Requirements((file,), django.python or look.packaging.python, django.system_packages)
    if django.interpreter:
        return Interpreter(_there("django.interpreter", django.interpreter, django, look, root))
    return None


def _there(key: str, text: str, django: Django, look: ProjectLook, root: Path) -> Path:
    """That path, relative to the scenario's root or to the project. Links stay: a venv's python is one."""
    for base in (*_root_of_checkout(django, look), root, look.home):
        if (base / text).exists():
            return base / text
    raise UsageError(f"{key}: {root / text}: no such file or folder", f"paths are relative to {root}")


def _root_of_checkout(django: Django, look: ProjectLook) -> Iterator[Path]:
    """What the scenario's root is in the checkout of a ref: its files go before those of the working tree."""
    parts = Path(django.project).parts
    if not (django.ref or django.merge) or ".." in parts:
        return
    if look.folder.parts[len(look.folder.parts) - len(parts) :] == parts:
        yield look.folder.joinpath(*[".."] * len(parts)).resolve()


def _found(django: Django, look: ProjectLook) -> Iterator[Dependencies]:
    found = look.packaging
    # A Python or Debian packages are asked for a virtual environment, so an image is not meant.
    if found.build and not (django.python or django.system_packages):
        checkout = django.code == "checkout" or bool(django.ref or django.merge)
        yield Build(found.build.context, found.build.dockerfile, found.build.target, found.build.args, checkout)
    for file in (found.requirements, found.pyproject):
        if file:
            yield Requirements((file,), django.python or found.python, django.system_packages)
    if found.interpreter and not django.python:
        yield Interpreter(found.interpreter)


def _nothing(look: ProjectLook) -> UsageError:
    if look.packaging.foreign:
        file = look.packaging.foreign[0]
        return UsageError(
            f"{file} lists the dependencies in its own tool's format",
            "export them (poetry export, pipenv requirements) and set django.requirements",
        )
    return UsageError(
        f"nothing in {look.home} says how to install it: no Dockerfile, requirements.txt or pyproject.toml "
        "with dependencies",
        "set django.requirements, build, image or interpreter in the scenario",
    )


def _managers(folder: Path) -> Iterator[Path]:
    """manage.py here, else every one a level below, else two."""
    for pattern in ("manage.py", "*/manage.py", "*/*/manage.py"):
        found = sorted(path for path in folder.glob(pattern) if path.is_file() and not _is_installed(path, folder))
        if found:
            yield from found
            return


def _is_installed(path: Path, folder: Path) -> bool:
    """Whether it lies in what is not the project's own: a virtual environment, packages of a front end, hidden."""
    return any(part.startswith(".") or part in _NOT_OURS for part in path.relative_to(folder).parts)


def _upwards(start: Path, tops: tuple[Path, ...]) -> Iterator[Path]:
    """The folder and those above it up to the highest of the tops that it is in."""
    around = [top.resolve() for top in tops if start.is_relative_to(top.resolve())]
    highest = min(around, key=lambda top: len(top.parts))
    for above in (start, *start.parents):
        yield above
        if above == highest:
            return


def _names_in(dotenv: Path) -> frozenset[str]:
    try:
        return frozenset(env_file.parse(dotenv.read_text("utf-8"), {}))
    except (OSError, UnicodeDecodeError, env_file.EnvFileError):
        return frozenset()  # not by Compose's rules: no scenario should name it
