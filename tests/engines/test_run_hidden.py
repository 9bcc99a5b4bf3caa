"""No row and no secret in what is said, however it got into a message, a statement, a name or an address.

Each case plants the same words; what may be read of it is names, and others' forms of messages.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from simulator.model import Address
from tests.support import blog
from tests.support.blog import migration_of
from tests.support.command import Command
from tests.support.probing import migration, probe, project
from tests.support.server import Server

PYTHON = Path(sys.executable)
NOTE = "O'Brien Planted"
CARD = 4111111111111111
ROWS = f"""\
CREATE TABLE app_customer (id int PRIMARY KEY, email text, card bigint, note text, born date);
INSERT INTO app_customer VALUES (1, 'jane.planted@example.org', {CARD}, 'O''Brien Planted', '1980-01-02'),
    (2, 'joe.planted@example.org', 4222222222222222, 'C:\\', '1990-03-04');
CREATE FUNCTION refuse(t text) RETURNS boolean LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'no consent of %', t USING ERRCODE = 'check_violation', HINT = t, DETAIL = t; END $$;
"""
LEAK = re.compile("planted|4111|4222|brien|1980|jane|joe", re.IGNORECASE)
GIVEN = """\
import datetime, decimal, json, socket, sys
cursor = schema_editor.connection.cursor()
cursor.execute("SELECT email, card, note, born FROM app_customer ORDER BY id")
(email, card, note, born), (other, number, path, later) = cursor.fetchall()
execute = schema_editor.execute
word = note.split()[1]
"""
# What the code does with the row; what is said of it at least.
CASES = {
    "raise ImportError(f'no handler for {email}')": "",
    "raise ModuleNotFoundError(f\"No module named '{email}'\", name=email)": "No module named '…'",
    "{}[card]": "…",
    "{}[(card, born)]": "…",
    "{'email': 1}[email]": "…",
    "{'email': 1}['card']": "'card'",
    "[].index(card)": "… is not in list",
    "sys.exit(f'{email} is bad')": "",
    "sys.exit(card)": "",
    "int(note)": "invalid literal for int() with base 10: …",
    "decimal.Decimal(note)": "[<class 'decimal.ConversionSyntax'>]",
    "datetime.datetime.strptime(email, '%Y')": "time data … does not match format …",
    "json.loads(email)": "Expecting value: line …",
    "getattr(born, email)": "'datetime.date' object has no attribute '…'",
    "open(email)": "[Errno 2] No such file or directory: …",
    "bytes(email + 'é', 'latin-1').decode()": "'utf-8' codec can't decode byte 0x… in position …",
    "assert False, email": "",
    "raise type(word, (Exception,), {})(email)": "",
    "raise ValueError((email, [card, {note: born}]))": "",
    "raise ValueError(email) from KeyError(card)": "",
    "raise Exception(email.upper(), email[::-1], hex(card))": "",
    "raise ValueError(f'{card:,} {card/7} {born:%d.%m.%y}')": "",
    "apps.get_model(email, 'Customer')": "No installed app with label '…'.",
    "apps.get_model('app', word)": "App 'app' doesn't have a '…' model.",
    "apps.get_model('app', 'Author').objects.get(**{word: 1})": "Cannot resolve keyword",
    "from django.core.exceptions import ValidationError; raise ValidationError({'email': [email]})": "",
    "apps.get_model('app', 'Author').objects.get(pk=email)": "Field 'id' expected a number but got ….",
    "execute(f\"UPDATE app_customer SET email = '{note}' WHERE id = 1\")": 'syntax error at or near "…"',
    "execute(f\"UPDATE app_customer SET note = '{path}', email = '{email}' WHERE x = 1\")": "",
    "execute(f\"UPDATE app_customer SET note = {word} WHERE id = 1\")": 'column "…" does not exist',
    "execute(f\"UPDATE app_customer SET note = $x${note}$x$, id = $y${note}$y$\")": "invalid input syntax",
    "execute(f\"UPDATE app_customer SET id = '{email}'\")": "invalid input syntax for type integer",
    "execute(f'SELECT 1 / 0 + {card}')": "division by zero",
    "execute(f'SELECT {card} FROM missing')": 'relation "missing" does not exist',
    "execute(f'SELECT 1 -- {email}\\n FROM missing')": 'relation "missing" does not exist',
    "execute(f'SELECT 1 FROM \"{email}\"')": 'relation "…" does not exist',
    "execute(f'SELECT app_customer.{word} FROM app_customer')": "column app_customer.… does not exist",
    "execute(f'SELECT {word}(1)')": "function … does not exist",
    "execute(f'SET {word}.{word} TO 1; SET {word} TO 1')": "unrecognized configuration parameter",
    "execute(f\"SELECT '{email}'::date\")": "invalid input syntax for type date",
    "execute(f\"ALTER TABLE app_customer ALTER card SET DEFAULT '{email}'\")": "invalid input syntax for type bigint",
    "execute(f\"COMMENT ON TABLE missing IS '{email}'\")": 'relation "missing" does not exist',
    "execute(f\"ALTER TABLE app_customer ADD CHECK (email <> '{email}')\")": "check constraint",
    "execute(f\"CREATE VIEW v AS SELECT missing FROM app_customer WHERE email = '{email}'\")": 'column "missing"',
    "for _ in 'ab': execute(f'CREATE TABLE \"{word}\" (id int)')": 'relation "…" already exists',
    "execute(f'CREATE TABLE x (a varchar({card}))')": "",
    "for _ in 'ab': execute(f'CREATE ROLE \"{word}\"')": 'role "…" already exists',
    "execute('SELECT refuse(%s)', [email])": "",
    "execute(\"DO 'DECLARE r text; BEGIN SELECT note INTO r FROM app_customer LIMIT 1; RAISE unique_violation USING"
    " MESSAGE=r, DETAIL=r, HINT=r, TABLE=r, COLUMN=r, CONSTRAINT=r, SCHEMA=r, DATATYPE=r; END'\")": "",
    "execute(\"DO 'BEGIN RAISE NOTICE ''seen %'', (SELECT email FROM app_customer LIMIT 1); ASSERT false,"
    " (SELECT email FROM app_customer LIMIT 1); END'\")": "",
    "cursor.execute('SELECT %s::integer', [email])": "invalid input syntax for type integer",
    "cursor.execute('SELECT %s', [email, card])": "",
    "socket.create_connection((f'{word}.example', 443), 1)": "",
    "socket.create_connection((f'{card % 223}.{card % 199}.11.11', card % 65000), 1)": "",
    "import urllib.request; urllib.request.urlopen(f'https://{word}.example/{email}')": "",
}  # fmt: skip


@pytest.fixture
def customers(server: Server) -> Iterator[Address]:
    """A database with rows of customers."""
    with server.database("customers", ROWS) as address:
        yield address


@pytest.mark.parametrize(("body", "said"), CASES.items())
def test_no_row_is_said(body: str, said: str, tmp_path: Path, customers: Address) -> None:
    sources = {
        "app/models.py": "from django.db import models\nclass Author(models.Model): pass\n",
        "app/migrations/0001_initial.py": migration(
            'migrations.CreateModel("Author", [("id", models.BigAutoField(primary_key=True))])'
        ),
        "app/migrations/0002_case.py": migration_of(GIVEN + body, "app.0001_initial"),
    }
    with_history = project(tmp_path / "site", sources)
    ran = probe(PYTHON, with_history, {"default": customers}, guard=True)
    failure = ran.trace.failure
    assert failure is not None, ran.printed
    assert failure.migration == "app.0002_case"
    assert not LEAK.search(ran.text.replace(str(tmp_path), "")), ran.text
    assert failure.message.startswith(said)
    assert (failure.source or "").startswith("app/migrations/0002_case.py:")


def test_the_class_of_what_it_was_raised_from_is_said(tmp_path: Path, customers: Address) -> None:
    body = GIVEN + "try:\n    {}[card]\nexcept KeyError as error:\n    raise ValueError(email) from error"
    sources = {"app/migrations/0001_initial.py": migration_of(body).replace("[('blog', '0001_initial')]", "[]")}
    failure = probe(PYTHON, project(tmp_path / "site", sources), {"default": customers}).trace.failure
    assert failure is not None
    assert (failure.exception, failure.raised_from, failure.message) == ("ValueError", "KeyError", "…")


SECRET = "pl4nted/s3cret+x"
LINES = "-----BEGIN KEY-----\nMIIpl4ntedB\n-----END KEY-----"
SETTINGS = {
    "raise ValueError('refused ' + os.environ['TOKEN'])": "",
    "raise ValueError('refused ' + os.environ['TOKEN'][:8])": "",
    "raise ValueError('refused ' + os.environ['TOKEN'].upper())": "",
    "raise ValueError('refused ' + urlparse(os.environ['DSN']).password)": "",
    "raise ValueError('refused ' + unquote(urlparse(os.environ['DSN']).password))": "",
    "raise ValueError(base64.b64encode(os.environ['TOKEN'].encode()).decode())": "",
    "raise ValueError(os.environ['PEM'].splitlines()[1])": "",
    "raise ValueError(dict(line.strip().split('=') for line in open('.env'))['STRIPE'])": "",
    "raise ValueError(SECRET_KEY)": "",
    "raise ValueError(DATABASES['default'])": "",
    "int(os.environ['TOKEN'])": "invalid literal for int() with base 10: …",
    "os.environ[os.environ['TOKEN']]": "",
    "open('/srv/' + os.environ['TOKEN'])": "[Errno 2] No such file or directory: …",
    "import importlib; importlib.import_module(os.environ['MODULE'])": "No module named '…'",
    "import absent_one": "No module named 'absent_one'",
    "{'A': 1}['SETTING_X']": "'SETTING_X'",
    "from django.core.exceptions import ImproperlyConfigured\nraise ImproperlyConfigured('Set ' + 'X_URL')": "",
    "USE_TZ = TZ_UNKNOWN": "name 'TZ_UNKNOWN' is not defined",
    "SECRET_KEY = ''": "The SECRET_KEY setting must not be empty.",
}


@pytest.mark.parametrize(("line", "said"), SETTINGS.items())
def test_no_secret_is_said_of_settings_that_fail(line: str, said: str, tmp_path: Path, empty: Address) -> None:
    settings = f"import base64, os\nfrom urllib.parse import unquote, urlparse\n{line}\n"
    if line.startswith("SECRET_KEY"):
        settings = settings + "from django.conf import settings\nINSTALLED_APPS.append('django.contrib.sessions')\n"
    site = project(tmp_path / "site", {"app/models.py": "", ".env": f"STRIPE={SECRET}\n"}, settings=settings)
    environment = {
        "TOKEN": SECRET,
        "DSN": f"postgres://u:{quote(SECRET, safe='')}@db.example/prod",
        "PEM": LINES,
        "MODULE": "pl4nted_module",
    }
    ran = probe(PYTHON, site, {"default": empty}, environment=environment)
    spelled = (SECRET, quote(SECRET, safe=""), base64.b64encode(SECRET.encode()).decode()[:12])
    for secret in (*spelled, "pl4nted", "never-shown", "prod-pass"):
        assert secret.lower() not in ran.text.lower().replace(str(tmp_path).lower(), "")
    if line.startswith("SECRET_KEY") and ran.trace.failure is None:
        return  # Django asks for one only where it is used
    assert ran.trace.failure is not None, ran.printed
    assert ran.trace.failure.message.startswith(said)


CONSENT = """\
CREATE FUNCTION consent(t text) RETURNS boolean LANGUAGE plpgsql AS
    $$ BEGIN IF t LIKE 'Ann%' THEN RAISE EXCEPTION 'no consent of %', t {}; END IF; RETURN true; END $$;
ALTER TABLE blog_post ADD CONSTRAINT consented CHECK (consent(title)) NOT VALID;
"""


@pytest.mark.parametrize("form", ["c", "p"])
@pytest.mark.parametrize("using", ["", "USING ERRCODE = 'check_violation'", "USING ERRCODE = 'unique_violation'"])
def test_a_restores_errors_quote_no_row(form: str, using: str, migsim: Command, production: blog.Production) -> None:
    script = blog.PRODUCTION + CONSENT.format(using).replace(" NOT VALID", " NO INHERIT NOT VALID")
    dump = production.dump(script, name=f"consent-{form}.sql", form=form)
    dump.rename(migsim.folder / dump.name)
    blog.scenario(migsim.folder, baseline=[{"restore": dump.name}])
    done = migsim.run("--format", "json", "--output", "kept", "--no-trials")
    written = "".join(path.read_text() for path in (migsim.folder / "kept").iterdir())
    assert not re.search("Ann|diary", done.stdout + done.stderr + written)


def test_with_keep_the_errors_stand_in_a_file_as_they_are(migsim: Command) -> None:
    body = "post = apps.get_model('blog', 'Post').objects.first()\nint(post.title)"
    path = migsim.folder / "blog/migrations/0003_leaks.py"
    path.write_text(migration_of(body, "blog.0002_tag"))
    hidden = migsim.run("--no-trials")
    assert "Hidden   … may be a row or a secret; migsim run case --keep" in hidden.stdout
    assert "at blog/migrations/0003_leaks.py:" in hidden.stdout
    try:
        kept = migsim.run("--no-trials", "--keep", "--format", "json")
        in_full = Path(kept.report["in_full"])
        assert in_full.stat().st_mode & 0o077 == 0
        assert blog.ROW in in_full.read_text()
        assert blog.ROW not in json.dumps(kept.report, ensure_ascii=False)
    finally:
        assert migsim("clean").code == 0
    assert not in_full.exists()
