"""``migsim fix -o fix.sql``: the same fix for psql alone, on a server of the test's own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.model import Address
from tests.engines.test_fix_script import BROKEN, GROWN, LOST
from tests.support import blog
from tests.support.blog import Production
from tests.support.command import Command
from tests.support.probing import migration
from tests.support.server import Server

HISTORY = "SELECT name FROM django_migrations ORDER BY name"
TYPE = """SELECT format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = 'blog_post'::regclass AND attname = 'slug'"""
MENDED = [("0001_initial",), ("0002_tag",), ("0003_slug",)]


@pytest.fixture(scope="module")
def script(short: Path, production: Production) -> Path:
    folder, migsim = short / "psql", Command(short / "psql", short / "psqlruns")
    migsim.runs.mkdir()
    blog.write(folder, GROWN)
    production.dump(blog.PRODUCTION + BROKEN, name="psql.dump").rename(folder / "prod.dump")
    blog.scenario(folder)
    done = migsim("fix", "case", "--engine", "embedded", "-o", "fix.sql")
    assert done.code == 0, done.stderr
    assert "psql -d DATABASE -f fix.sql" in done.stderr
    migsim.assert_nothing_left()
    return folder / "fix.sql"


@pytest.fixture
def site(server: Server) -> Iterator[Address]:
    with server.database("site", blog.PRODUCTION + BROKEN) as address:
        yield address


def psql(server: Server, script: Path) -> subprocess.CompletedProcess[str]:
    where = ("-h", str(server.folder), "-p", str(server.address().port), "-U", "postgres", "-d", "site")
    return subprocess.run(
        [server.binaries / "psql", "-X", *where, "-f", script], capture_output=True, text=True, check=False
    )


def test_it_mends_and_finds_nothing_to_do_when_it_is_run_again(server: Server, site: Address, script: Path) -> None:
    done = psql(server, script)
    assert done.returncode == 0, done.stderr
    assert "step 1 of 3" in done.stdout
    assert server.query("site", HISTORY) == MENDED
    assert server.query("site", TYPE) == [("character varying(64)",)]
    again = psql(server, script)
    assert (again.returncode, "step " in again.stdout) == (0, False), again.stderr
    assert server.query("site", HISTORY) == MENDED


def test_after_a_stop_it_goes_on_there(server: Server, site: Address, script: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.sql"
    half.write_text(script.read_text().replace("ALTER TABLE", "ALTER TABLE no_such; ALTER TABLE", 2))
    stopped = psql(server, half)
    assert (stopped.returncode, server.query("site", HISTORY)) == (3, MENDED[:2]), stopped.stderr
    done = psql(server, script)
    assert (done.returncode, "step 1 of 3" in done.stdout) == (0, False), done.stderr
    assert server.query("site", HISTORY) == MENDED


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE blog_tag ALTER name TYPE varchar(41)",
        "DROP TABLE blog_tag",
        "INSERT INTO django_migrations (app, name) VALUES ('blog', '0003_slug')",
        "INSERT INTO django_migrations (app, name) VALUES ('blog', '0001_initial')",
        "DROP TABLE django_migrations",
    ],
)
def test_a_database_that_has_changed_is_an_error_and_stays(
    server: Server, site: Address, script: Path, change: str
) -> None:
    server.execute("site", change)
    before = server.query("site", TYPE)
    done = psql(server, script)
    assert (done.returncode, server.query("site", TYPE)) == (3, before)
    assert "the database is not as it was rehearsed" in done.stderr
    assert "step " not in done.stdout


def test_where_a_step_needs_python_that_step_is_named(migsim: Command, production: Production) -> None:
    """The row of 0002 is lost, and 0004, recorded beneath nothing, stands on 0003, which has to run before it."""
    made = 'migrations.AddField("Post", "{}", models.IntegerField(null=True))'
    blog.write(
        migsim.folder,
        {
            "blog/migrations/0003_one.py": migration(made.format("one"), "blog.0002_tag"),
            "blog/migrations/0004_two.py": migration(made.format("two"), "blog.0003_one"),
        },
    )
    production.dump(blog.PRODUCTION + LOST + "ALTER TABLE blog_post ADD two int;").replace(migsim.folder / "prod.dump")
    done = migsim("fix", "case", "--engine", "embedded", "-o", "fix.sql")
    assert (done.code, (migsim.folder / "fix.sql").exists()) == (2, False), done.stderr
    assert done.complaint[0].startswith("step 2 (migrate to blog.0003_one) needs Python")
    assert done.complaint[1].endswith("-o fix.sh")
