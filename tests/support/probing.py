"""Small Django projects, and the probe run in them as a rehearsal runs it: copied, as a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import simulator
from simulator.model import Address, Step, Trace
from simulator.rehearsal.trace import Request, read, request_json
from tests.support import files

PROBE = Path(simulator.__file__).parent / "probe"
MANAGE = """\
import os, sys
if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
"""
# A production's settings, as far as the probe has to deal with them: a host and a password that must not be used.
SETTINGS = """\
SECRET_KEY = "never-shown"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = {apps!r}
DATABASES = {{"default": {{"ENGINE": "django.db.backends.postgresql", "NAME": "prod", "USER": "prod_app",
    "PASSWORD": "prod-password", "HOST": "db.invalid", "PORT": "5432", "OPTIONS": {{"sslmode": "require"}}}}}}
"""
MIGRATION = """\
from django.db import migrations, models
{before}
class Migration(migrations.Migration):
    dependencies = {dependencies}
    operations = [{operations}]
"""


@dataclass(frozen=True)
class Ran:
    """What a run of the probe left: its trace as values and as text, and what the process printed."""

    trace: Trace
    text: str
    printed: str
    code: int


def migration(operations: str, *after: str, before: str = "") -> str:
    """A migration file; ``after`` names the migrations ("app.0001_initial") that it depends on."""
    dependencies = [tuple(name.split(".")) for name in after]
    return MIGRATION.format(operations=operations, dependencies=dependencies, before=before)


def project(folder: Path, sources: Mapping[str, str], *, settings: str = "", contrib: tuple[str, ...] = ()) -> Path:
    """A project with manage.py and settings; every top folder of ``sources`` is an app with a migrations package."""
    apps = sorted({Path(name).parts[0] for name in sources if len(Path(name).parts) > 1})
    base = {"manage.py": MANAGE, "settings.py": SETTINGS.format(apps=[*contrib, *apps]) + settings}
    for app in apps:
        base |= {f"{app}/__init__.py": "", f"{app}/migrations/__init__.py": ""}
    return files.write(folder, base | dict(sources))


def probe(
    python: Path,
    folder: Path,
    databases: Mapping[str, Address] | None,
    *,
    mode: Literal["migrate", "inspect", "survey", "trial", "idle"] = "migrate",
    command: tuple[str, ...] = ("migrate",),
    manage: str | None = "manage.py",
    settings: str | None = None,
    alias: str = "default",
    guard: bool = False,
    catalog: bool = False,
    steps: tuple[Step, ...] = (),
    names: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
) -> Ran:
    """Run it on the project. Its own files lie beside the project's folder."""
    beside = folder.parent / f"{folder.name}-probe"
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(PROBE, beside / "probe", ignore=shutil.ignore_patterns("__pycache__"))
    trace = beside / "trace.jsonl"
    request = Request(
        mode,
        str(trace),
        manage,
        settings,
        alias,
        databases,
        command,
        guard=guard,
        catalog=catalog,
        steps=steps,
        names=names,
    )
    (beside / "request.json").write_text(request_json(request))
    done = subprocess.run(
        [python, beside / "probe" / "run.py", beside / "request.json"],
        cwd=folder,
        env={"PATH": os.defpath, "LANG": "C.UTF-8", **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    text = trace.read_text() if trace.exists() else ""
    return Ran(read(text), text, done.stdout + done.stderr, done.returncode)
