"""Of messages and statements is shown what is known to be a name, in forms that are known; nothing else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migsim_probe import forms, redact, shown

KNOWN = frozenset(
    {"", "4711", "uq", "app_author", "name", "author", "address", "shop", "Ghost", "app", "ghost", "my table"}
)
WORDS = frozenset(["alter", "table", "add", "set", "default", "update", "select", "from", "where", "and", "varchar"])
WORDS |= {"numeric", "integer"}
LEAVES = "two leaves: (app, ghost in shop)."
SETVAL = 'setval: value … is out of bounds for sequence "uq" (…..…)'


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ('relation "app_author" already exists', None),
        ('relation "my table" already exists', None),
        ('relation "jane" already exists', 'relation "…" already exists'),
        ('could not create unique index "uq"', None),
        ('null value in column "name" of relation "app_author" violates not-null constraint', None),
        ("column author.name does not exist", None),
        ("column author.jane does not exist", "column author.… does not exist"),
        ('column "jane" does not exist', 'column "…" does not exist'),
        ("permission denied for table app_author", None),
        ("must be owner of table app_author", None),
        ('invalid input syntax for type integer: "name"', 'invalid input syntax for type integer: "…"'),
        ('invalid byte sequence for encoding "UTF8": 0x6a 0x61', 'invalid byte sequence for encoding "…": …'),
        ("value too long for type character varying(3)", None),
        ('value "99999999999" is out of range for type integer', 'value "…" is out of range for type integer'),
        ("division by zero", None),
        ('syntax error at or near "Brien"', 'syntax error at or near "…"'),
        ('a "relation" "app_author" already exists', '… "app_author" already exists'),
        ("no consent of jane@example.org", "…"),
        ('setval: value 4111 is out of bounds for sequence "uq" (1..9)', SETVAL),
    ],
)
def test_what_the_server_says(message: str, said: str | None) -> None:
    assert shown.message(message, forms.of_server(), KNOWN, WORDS) == (message if said is None else said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("author jane doe has no address", "author … address"),
        ("author (jane) has no address", "author … address"),
        ("address: jane@name.address", "address: …"),
        ("author.name has 4711", "author.name …"),
        ("name: 4111-1111", "name: …"),
        ("('app', 'ghost')", "('app', 'ghost')"),
        ("name and address", "name and address"),
        ("and jane", "…"),
        ("name ?!?!?! address", "name … address"),
        ("!!!!name", "…"),
        ("postgres://name:hunter2@author/app", "…"),
        ("", ""),
        ("('jane', [4111, {'doe': 1}])", "…"),
        ("4711", "…"),
    ],
)
def test_what_no_form_fits_shows_its_names(text: str, said: str) -> None:
    assert shown.names_in(text, KNOWN) == said


@given(st.text())
def test_what_is_not_known_never_passes(text: str) -> None:
    """Whatever surrounds it, in a message of any form or none, and in a statement."""
    secret = "Pl4nted"
    for before, after in ((text, ""), ("", text), (text, text)):
        said = f"{before}{secret}{after}"
        assert secret not in shown.message(said, forms.of_server(), KNOWN, WORDS)
        assert secret not in shown.message(f'relation "{said}" already exists', forms.of_server(), KNOWN, WORDS)
        assert secret not in shown.message(f"No module named '{said}'", forms.of_python(), KNOWN)
        assert secret not in shown.statement(f"UPDATE app_author SET name = '{said}'", KNOWN, WORDS)
        assert secret not in shown.statement(f"ALTER TABLE app_author SET DEFAULT {said}", KNOWN, WORDS, sizes=True)


@given(st.text(alphabet="'\"\\$-/*;%() \nEe1a", max_size=30))
def test_a_literal_with_any_marks_in_it_is_no_way_out(marks: str) -> None:
    assert "jane" not in shown.statement(f"UPDATE shop SET name = '{marks} jane {marks}'", KNOWN, WORDS)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE shop SET name = 'O'Brien jane' WHERE address = 12", "UPDATE shop SET name = '…'…'…'"),
        ("SELECT name FROM shop WHERE name = E'j\\'ane' and 1", "SELECT name FROM shop WHERE name = '…' and …"),
        ("SELECT $x$ja'ne$x$, $1, %s FROM shop", "SELECT '…', …, %s FROM shop"),
        ("SELECT 'app_author' FROM shop -- jane\n", "SELECT 'app_author' FROM shop"),
        ("SELECT /* jane */ name", "SELECT   name"),
        ('SELECT "jane", "name" FROM "my table"', 'SELECT "…", "name" FROM "my table"'),
        ("SELECT jane doe FROM shop", "SELECT … FROM shop"),
        ("ALTER TABLE shop ADD name varchar(40) DEFAULT 'new'", "ALTER TABLE shop ADD name varchar(40) DEFAULT '…'"),
        ("ALTER TABLE shop ADD name numeric(5, 2)", "ALTER TABLE shop ADD name numeric(5, 2)"),
        ("ALTER TABLE shop ADD name varchar(411111)", "ALTER TABLE shop ADD name varchar(…)"),
    ],
)
def test_statements(sql: str, said: str) -> None:
    assert shown.statement(sql, KNOWN, WORDS, sizes=True) == said


def test_the_size_of_a_type_may_be_a_rows_where_code_made_the_statement() -> None:
    assert (
        shown.statement("ALTER TABLE shop ADD name varchar(40)", KNOWN, WORDS) == "ALTER TABLE shop ADD name varchar(…)"
    )


def test_a_long_statement_is_cut() -> None:
    assert len(shown.statement("SELECT " + "name, " * 5000, KNOWN, WORDS)) <= shown.LONGEST_SQL


def test_names_of_a_statement() -> None:
    names = shown.identifiers('CREATE TABLE "A ""b""" (Id int DEFAULT \'jane\') -- doe\n')
    assert {'A "b"', "Id", "id"} <= names
    assert not {"jane", "doe"} & names


def test_no_form_says_what_another_says_better() -> None:
    """Each line of the lists is read as it is meant: its gaps are of the three kinds, and it has words of its own."""
    for one in (*forms.of_server(), *forms.of_python()):
        assert set(one.gaps) <= {"", shown.VALUE, shown.NUMBER}, one
        assert re.search("[a-z]", "".join(one.pieces)), one
        assert "KIND" not in "".join(one.pieces), one


@pytest.mark.parametrize(
    ("source", "message", "said"),
    [
        ("E(\"No installed app with label '%s'.\" % label)", "No installed app with label 'shop'.", None),
        ('E(f"Field {name!r} got {value!r}.")', "Field 'name' got 12.", "Field 'name' got …."),
        ('E("{0} has no {1}".format(a, b))', "Ghost has no jane", "Ghost has no …"),
        ('E("Cannot use " + a + " here")', "Cannot use jane here", "Cannot use … here"),
        ('E("two leaves: (%s).\\nRun merge" % found)', "two leaves: (app, ghost in shop).\nElse", LEAVES),
        ('E("two leaves: (%s).\\nRun" % found)', "two leaves: (app, ghost in shop).\nRun", LEAVES),
        ('E("100%% of all %s" % a)', "100% of all shop", None),
        ('E("Unknown command: %r" % a)', "Unknown command: 'jane'", "Unknown command: …"),
    ],
)
def test_an_installed_file_words_its_messages(source: str, message: str, said: str | None, tmp_path: object) -> None:
    path = f"{tmp_path}/raises.py"
    with open(path, "w") as file:
        file.write(source)
    assert shown.message(message, forms.of_file(path), KNOWN) == (message if said is None else said)


def test_a_quoted_message_is_read_as_one() -> None:
    worded = (shown.form("Unable to create the table ({})"), *forms.of_server())
    said = shown.message('Unable to create the table (relation "jane" already exists)', worded, KNOWN)
    assert said == 'Unable to create the table (relation "…" already exists)'


def test_a_statement_with_a_secret_is_known() -> None:
    secrets = redact.Secrets()
    secrets.add_environment({"TOKEN": "abc-def-ghi", "PATH": "/usr/bin", "FLAG": "true", "APP": "catalogue"})
    secrets.add_settings({"DATABASES": {"default": {"PASSWORD": "pw-1", "NAME": "prod"}}, "STRIPE_KEYS": ["sk_live_1"]})
    said = secrets.scrub("abc-def-ghi /usr/bin true catalogue pw-1 prod sk_live_1", {"catalogue"})
    assert said == "… /usr/bin true catalogue … prod …"
    assert redact.Secrets().scrub("ALTER ROLE app PASSWORD 'hunter2'") == "ALTER ROLE app PASSWORD '…'"
