"""Layouts of Django projects that people have, as small trees of files."""

from __future__ import annotations

from pathlib import Path

from tests.support import files

MANAGE = """\
import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{settings}")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
"""

_SETTINGS = """\
SECRET_KEY = "for tests"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "HOST": "db.example.com"}}
DATABASES["archive"] = dict(DATABASES["default"], NAME="archive")
"""

_BASE = """\
import os

import environ

env = environ.Env(DEBUG=(bool, False))
SECRET_KEY = env("DJANGO_SECRET_KEY")
DEBUG = env("DEBUG")
ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", default=[])
DATABASES = {"default": env.db("DATABASE_URL")}
REDIS_URL = env("REDIS_URL")
SENTRY_DSN = os.environ.get("SENTRY_DSN")
"""

# What the settings of ``layered`` read without a default, but for those that the sandbox sets.
LAYERED_VARIABLES = frozenset({"DJANGO_SECRET_KEY", "LOCAL_ONLY", "REDIS_URL", "SENTRY_DSN"})

_COMPOSE = """\
services:
  db:
    image: postgres:15
  web: &web
    build: {context: ., dockerfile: docker/Dockerfile, target: app, args: {VERSION: "1.10"}}
  worker:
    <<: *web
  other:
    build: "${ELSEWHERE}"
"""


def plain(folder: Path) -> Path:
    """``django-admin startproject mysite .`` with a requirements.txt."""
    return files.write(
        folder,
        {
            "manage.py": MANAGE.format(settings="mysite.settings"),
            "mysite/__init__.py": "",
            "mysite/settings.py": _SETTINGS,
            "requirements.txt": "django==5.2.*\npsycopg[binary]\n",
        },
    )


def layered(folder: Path) -> Path:
    """Settings in a package, most values from the environment, requirements by purpose."""
    return files.write(
        folder,
        {
            "manage.py": MANAGE.format(settings="config.settings.local"),
            "config/__init__.py": "",
            "config/settings/__init__.py": "",
            "config/settings/base.py": _BASE,
            "config/settings/local.py": "from .base import *  # noqa\nfrom .base import env\nX = env('LOCAL_ONLY')\n",
            "config/settings/production.py": "from .base import *\nY = env('PRODUCTION_ONLY')\n",
            "config/settings/test.py": "from .base import *\n",
            "requirements/base.txt": "django\n",
            "requirements/local.txt": "-r base.txt\npytest\n",
            "requirements/production.txt": "-r base.txt\ngunicorn\n",
            ".python-version": "3.12.3\n",
        },
    )


def below(folder: Path) -> Path:
    """manage.py in ``src/``, packaging above it."""
    return files.write(
        folder,
        {
            "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\ndependencies = ["django>=5"]\n',
            "src/manage.py": MANAGE.format(settings="shop.settings"),
            "src/shop/__init__.py": "",
            "src/shop/settings.py": _SETTINGS,
        },
    )


def dockerised(folder: Path) -> Path:
    """A Compose file that builds one image for two services; requirements and a virtual environment beside it."""
    return files.write(
        plain(folder),
        {
            "compose.yaml": _COMPOSE,
            "docker/Dockerfile": "FROM python:3.12 AS app\n",
            "Dockerfile": "FROM scratch\n",
            ".venv/bin/python": "",
        },
    )
