"""No row and no secret in what is said."""

from __future__ import annotations

import pytest
from migsim_probe import redact

KNOWN = frozenset({"uq", "app_author", "name", "author", "address", "has", "no"})


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ('could not create unique index "uq"', 'could not create unique index "uq"'),
        (
            'null value in column "name" of relation "app_author"',
            'null value in column "name" of relation "app_author"',
        ),
        ('value for domain email: "jane"', "value for domain email: …"),
        ('a "jane" and a "name"', "a …"),  # a value may hold quote marks: all up to the last one goes
        ("cut inside \"jane's", "cut inside …"),
        ("No installed app with label 'jane'.", "No installed app with label …."),
        ("You can't use 'name' here", "You can't use 'name' here"),
        ("“jane” value must be an integer.", "… value must be an integer."),
    ],
)
def test_quoted_parts_stay_where_they_are_known(message: str, kept: str) -> None:
    assert redact.keep_known_quotes(message, KNOWN) == kept


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("author jane doe has no address", "author … has no address"),
        ("author (jane) has no address", "author (…) has no address"),
        ("address: jane@name.address", "address: …"),
        ("author.name has 4711", "author.name has …"),
    ],
)
def test_words_stay_where_they_are_known(message: str, kept: str) -> None:
    assert redact.keep_known_words(message, KNOWN) == kept


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ('invalid input syntax for type integer: "jane"', "invalid input syntax for type integer: …"),
        ('invalid byte sequence for encoding "UTF8": 0x6a 0x61', "invalid byte sequence for encoding …: …"),
        ('value "99999999999" is out of range for type integer', "value … is out of range for type integer"),
        ("value too long for type character varying(3)", "value too long for type character varying(3)"),
        ("division by zero", "division by zero"),
    ],
)
def test_data_exceptions(message: str, kept: str) -> None:
    assert redact.class_22(message, frozenset()) == kept


@pytest.mark.parametrize(
    ("sql", "is_code", "kept"),
    [
        ("INSERT INTO \"t\" VALUES ('it''s', 12, %s)", False, "INSERT INTO \"t\" VALUES ('…', '…', %s)"),
        ("SELECT $x$jane$x$, E'j\\'ane', col1 FROM t2", False, "SELECT '…', '…', col1 FROM t2"),
        ("ALTER TABLE t ADD c text DEFAULT 'new'", False, "ALTER TABLE t ADD c text DEFAULT 'new'"),
        ("UPDATE t SET c = 'a'", True, "UPDATE t SET c = 'a'"),
    ],
)
def test_literals_of_statements(sql: str, is_code: bool, kept: str) -> None:
    assert redact.sql_text(sql, is_code) == kept


def test_a_long_statement_is_cut() -> None:
    assert len(redact.sql_text("SELECT " + "x, " * 5000, True)) == redact.SQL_LIMIT


def test_secrets_are_scrubbed_wherever_they_stand() -> None:
    secrets = redact.Secrets()
    secrets.add_environment({"TOKEN": "abc-def-ghi", "PATH": "/usr/bin", "FLAG": "true", "APP": "catalogue"})
    secrets.add_settings({"DATABASES": {"default": {"PASSWORD": "pw-1", "NAME": "prod"}}, "STRIPE_KEYS": ["sk_live_1"]})
    said = secrets.scrub("abc-def-ghi /usr/bin true catalogue pw-1 prod sk_live_1", {"catalogue"})
    assert said == "… /usr/bin true catalogue … prod …"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("could not parse postgres://me:hunter2@db:5432/x", "could not parse postgres://…@db:5432/x"),
        ("ALTER ROLE app PASSWORD 'hunter2'", "ALTER ROLE app PASSWORD '…'"),
        ("host=db password=hunter2 user=me", "host=db password=… user=me"),
    ],
)
def test_passwords_of_connection_strings(text: str, kept: str) -> None:
    assert redact.Secrets().scrub(text) == kept


def test_a_contraction_of_a_source_is_known() -> None:
    known = redact.words("App '%s' doesn't have a '%s' model.") | {"shop", "Ghost"}
    assert redact.keep_known_words("App 'shop' doesn't have a 'Ghost' model.", known).startswith("App 'shop' doesn't")
    assert redact.keep_known_words("App O'Brien", known) == "App …"


def test_a_short_value_is_hidden_where_its_variables_name_tells_of_a_secret() -> None:
    secrets = redact.Secrets()
    secrets.add_environment({"DB_PASSWORD": "abcd", "REGION": "eu-1"})
    assert secrets.scrub("abcd in eu-1") == "… in eu-1"
