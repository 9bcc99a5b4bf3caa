"""Which of a project's several environments its production is: its settings, its requirements, its variables.

A project has them in sets (cookiecutter-django: config.settings.production, requirements/production.txt,
.envs/.production/). Parts of two sets don't go together: settings for a developer's machine import packages that
production does not have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from simulator.project.settings_source import module_file, settings_of

# Names that people give to the same environment.
_KINDS = (
    ("production", "prod", "live"),
    ("local", "dev", "development"),
    ("staging", "stage"),
    ("test", "testing", "tests", "ci"),
)
_SERVERS = ("wsgi.py", "asgi.py")  # what production starts, by settings of its own


def served_settings(home: Path) -> tuple[str, Path] | None:
    """The settings that the project's WSGI or ASGI module sets by default, and that module; they have to be there."""
    for name in _SERVERS:
        for path in sorted([*home.glob(name), *home.glob(f"*/{name}"), *home.glob(f"*/*/{name}")]):
            module = settings_of(path)
            if module and module_file(home, module):
                return module, path
    return None


def kind_of(settings: str | None) -> tuple[str, ...]:
    """What the environment of those settings is called, their own name first; empty where the name says nothing."""
    own = (settings or "").rpartition(".")[2]
    names = next((names for names in _KINDS if own in names), ())
    return (own, *(name for name in names if name != own)) if names else ()


def requirements(kind: Sequence[str]) -> Iterator[str]:
    """Paths of the requirements that belong to an environment, the likeliest first."""
    for name in kind:
        yield from (f"requirements/{name}.txt", f"requirements/requirements-{name}.txt")
        yield from (f"requirements-{name}.txt", f"requirements_{name}.txt", f"requirements.{name}.txt")


def env_files(folders: Sequence[Path], kind: Sequence[str]) -> tuple[Path, ...]:
    """The files of variables that belong to an environment, of the nearest folder that has any; else its .env."""
    for folder in folders:
        for name in kind:
            if found := sorted(path for path in (folder / ".envs" / f".{name}").glob(".*") if path.is_file()):
                return tuple(found)
            for path in (folder / f".env.{name}", folder / ".envs" / f"{name}.env", folder / f"{name}.env"):
                if path.is_file():
                    return (path,)
        if (folder / ".env").is_file():
            return (folder / ".env",)
    return ()
