"""The scheme of DATABASE_URL is the project's own, wherever it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.project import database_url
from tests.support import files

URL = "DATABASE_URL"


@pytest.mark.parametrize(
    ("sources", "scheme"),
    [
        ({}, "postgres"),
        ({"site/settings.py": 'if os.environ["DATABASE_URL"].startswith("postgres://"):\n    pass\n'}, "postgres"),
        ({"site/settings.py": 'assert URL.startswith("postgresql://")\n'}, "postgresql"),
        ({"site/settings/base.py": 'env.db("DATABASE_URL", default="postgis:///app")\n'}, "postgis"),
        ({"site/settings.py": 'URL.replace("postgres://", "postgresql+psycopg://")\n'}, "postgres"),
        ({".env": "DATABASE_URL=pgsql://u:secret@prod/app\n", "site/settings.py": '"postgres://"\n'}, "pgsql"),
        ({"docker-compose.yml": "  DATABASE_URL: psql://u:p@db/app\n"}, "psql"),
        ({".env.example": "DATABASE_URL=mysql://u@h/d\n"}, "postgres"),
        (
            {"site/settings.py": "CACHE = 'redis://'\n", "README.md": "export DATABASE_URL=timescalegis://x\n"},
            "timescalegis",
        ),
        ({"site/settings.py": 'ENGINES = {"postgresql": 1}\nX = "django.db.backends.postgresql"\n'}, "postgresql"),
        ({"site/settings.py": 'HOST = "postgresql"\n'}, "postgres"),
    ],
)
def test_it_is_what_the_project_says(sources: dict[str, str], scheme: str, tmp_path: Path) -> None:
    files.write(tmp_path, sources)
    assert database_url.scheme(({},), (tmp_path,)) == scheme


def test_the_variable_itself_comes_first_and_the_scenarios_before_ours(tmp_path: Path) -> None:
    files.write(tmp_path, {"settings.py": '"postgres://"\n'})
    own, ours = {URL: "postgis://u:p@prod/app"}, {URL: "postgresql://u:p@prod/app"}
    assert database_url.scheme((own, ours), (tmp_path,)) == "postgis"
    assert database_url.scheme(({}, ours), (tmp_path,)) == "postgresql"
    assert database_url.scheme(({URL: "sqlite:///x?to=postgres://"}, {}), (tmp_path,)) == "postgres"


def test_a_file_that_cannot_be_read_or_is_huge_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_bytes(b"\xff\xfe" + b" " * (300 << 10) + b'"pgsql://"')
    (tmp_path / "local_settings.py").mkdir()
    assert database_url.scheme(({},), (tmp_path,)) == "postgres"
