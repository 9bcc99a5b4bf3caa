"""The environment that a scenario gives to the project's process: ``environment:`` over ``env_file:``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from simulator.errors import UsageError
from simulator.project import env_file
from simulator.scenario import Django


def environment(django: Django, root: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The resolved values, as Compose resolves them; all of them are secret. Raises UsageError.

    A name without a value comes from ``environ``; one that is not set there is left out (``unset`` lists those).
    """
    values = _from_files(django, root, environ)
    for name, value in django.environment.items():
        given = environ.get(name) if value is None else value
        if given is not None:
            values[name] = given
    return values


def unset(django: Django, root: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The names that the scenario passes through and that are set nowhere."""
    given = environment(django, root, environ)
    return tuple(name for name in django.environment if name not in given)


def _from_files(django: Django, root: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Of all of them; where two set a variable, the later one."""
    values: dict[str, str] = {}
    for name in django.env_file:
        values |= _from_file(name, django, root, environ)
    return values


def _from_file(name: str, django: Django, root: Path, environ: Mapping[str, str]) -> dict[str, str]:
    path = next((path for path in (root / name, root / django.project / name) if path.is_file()), None)
    if path is None:
        raise UsageError(f"django.env_file: {root / name}: no such file", "write it, or remove the key")
    try:
        return env_file.parse(path.read_text(encoding="utf-8"), environ)
    except env_file.EnvFileError as error:
        raise UsageError(f"{path}:{error.line}: {error.words}", "docker compose's rules for .env files") from None
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"django.env_file: {path} can't be read as UTF-8 text", f"file {path}") from None
