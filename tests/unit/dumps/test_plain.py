"""Plain dumps read as psql would read them. What pg_dump really writes is in tests/engines."""

from __future__ import annotations

import io

import pytest

from simulator.dumps import plain

FRAME = """--
-- PostgreSQL database dump
--

\\restrict abc

-- Dumped from database version 15.4 (Debian 15.4-1)
-- Dumped by pg_dump version 16.1
-- Started on 2026-11-22 03:00:01 UTC

SET client_encoding = 'UTF8';
%s
--
-- PostgreSQL database dump complete
--

\\unrestrict abc
"""


def _scan(body: str) -> plain.Facts:
    return plain.scan(io.BytesIO((FRAME % body).encode())).sections[None]


def test_what_it_says_of_itself() -> None:
    facts = _scan(
        """CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;
SET default_tablespace = fast;
CREATE TABLE public.django_migrations (
    id integer
);
ALTER TABLE public.django_migrations OWNER TO shop_app;
GRANT SELECT ON TABLE public.django_migrations TO reporting;
COPY public.django_migrations (id) FROM stdin;
1
\\.
"""
    )
    assert (facts.dumped_from, facts.dumped_by) == ("15.4 (Debian 15.4-1)", "16.1")
    assert (facts.owner, list(facts.roles)) == ("shop_app", ["shop_app", "reporting"])
    assert (list(facts.extensions), list(facts.tablespaces)) == (["citext"], ["fast"])
    assert (facts.tables, facts.relations, facts.encoding) == (1, 1, "UTF8")
    assert facts.started is not None
    assert facts.started.hour == 3


def test_tables_of_one_name_in_two_schemas_are_two() -> None:
    facts = _scan("CREATE TABLE a.t (\n);\nCREATE TABLE b.t (\n);\nCOPY b.t FROM stdin;\n\\.\n")
    assert list(facts.made_without_rows) == [("a", "t")]


@pytest.mark.parametrize(
    "body",
    [
        "COPY t (a) FROM stdin;\n\\connect evil\nCREATE DATABASE x;\n\\N\n\\.\n",
        "INSERT INTO t VALUES (1, 'a;\n\\connect evil\nit''s');\n",
        "INSERT INTO t VALUES (1, 'C:\\dir');\n",
        "SELECT E'it\\'s \\\\connect; ';\n",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $_$\n\\! rm\nCREATE DATABASE x; $1 $$ '\n$_$;\n",
        "/* outer /* \\! inner */ CREATE DATABASE x; */ SELECT 1; -- \\! not run\n",
        'CREATE TABLE "it\'s; \\\\x" (a$b integer, c$d integer);\n',
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql\n    BEGIN ATOMIC\n SELECT 1;\n SELECT 2;\nEND;\n",
    ],
)
def test_text_that_only_looks_like_a_command(body: str) -> None:
    assert _scan(body).dumped_by == "16.1"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("CREATE DATABASE shop WITH TEMPLATE = template0;\n", "database of its own"),
        ("SELECT 1; CREATE DATABASE shop;\n", "database of its own"),
        ("SELECT 1; \\connect shop\n", "database of its own"),
        ("\\connect shop someone elsewhere.example 5432\n", "database of its own"),
        ("CREATE TABLE public.t ();\n\\connect shop\n", "before it connects"),
    ],
)
def test_one_that_chooses_its_database(body: str, reason: str) -> None:
    with pytest.raises(plain.NotRestorable, match=reason):
        _scan(body)


@pytest.mark.parametrize("body", ["\\! touch /tmp/x\n", "SELECT 1 \\gexec\n", "\\i other.sql\n", "\\set x `id`\n"])
def test_one_that_runs_psqls_own_commands(body: str) -> None:
    with pytest.raises(plain.NotRestorable, match=r"own command"):
        _scan(body)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("COPY public.t (a) FROM stdin;\n1\n", "among the rows of public.t"),
        ("CREATE FUNCTION f() AS $$ select 1;\n", "in the middle of a statement"),
        ("INSERT INTO t VALUES ('open\n", "in the middle of a statement"),
        ("CREATE TABLE t (\n", "in the middle of a statement"),
    ],
)
def test_one_that_is_cut(body: str, reason: str) -> None:
    with pytest.raises(plain.Cut, match=reason):
        _scan(body)


def test_one_cut_between_statements_lacks_its_last_line() -> None:
    text = (FRAME % "SELECT 1;\n").split("--\n-- PostgreSQL database dump complete")[0]
    with pytest.raises(plain.Cut, match="complete"):
        plain.scan(io.BytesIO(text.encode()))


def test_windows_line_ends_and_a_byte_order_mark() -> None:
    text = (FRAME % "COPY t (a) FROM stdin;\n1\n\\.\n").replace("\n", "\r\n")
    assert plain.scan(io.BytesIO(b"\xef\xbb\xbf" + text.encode())).header.tables == 1


def test_a_script_by_hand_needs_no_frame() -> None:
    plain.check_script(io.BytesIO(b"CREATE TABLE t ();\nINSERT INTO t DEFAULT VALUES;\n"))
    with pytest.raises(plain.NotRestorable):
        plain.check_script(io.BytesIO(b"\\connect other\n"))


@pytest.mark.parametrize("text", ["SELECT 1", "SELECT 1 -- the last", "SELECT 1\n\n", "SELECT 1;", ""])
def test_the_last_statement_of_a_script_by_hand_needs_no_semicolon(text: str) -> None:
    plain.check_script(io.BytesIO(text.encode()))


@pytest.mark.parametrize("text", ["SELECT 'open", "SELECT $$ open;\n", "/* open", "COPY t FROM stdin;\n1\n"])
def test_a_script_by_hand_that_leaves_something_open(text: str) -> None:
    with pytest.raises(plain.Cut):
        plain.check_script(io.BytesIO(text.encode()))


def test_the_last_statement_of_a_script_counts_too() -> None:
    with pytest.raises(plain.NotRestorable):
        plain.check_script(io.BytesIO(b"CREATE DATABASE other"))


@pytest.mark.parametrize(
    "body",
    [
        "SELECT 1; COPY t FROM stdin;\n1\n\\.\n",
        "/* c */ COPY t FROM stdin;\n1\n\\.\n",
        "COPY t FROM stdin; COPY u FROM stdin;\n1\n\\.\n1\n\\.\n",
        "SELECT 1; BEGIN;\nCOPY t FROM stdin;\n1\n\\.\n",
    ],
)
def test_a_copy_that_could_not_be_guarded_is_refused_with_its_line(body: str) -> None:
    with pytest.raises(plain.NotRestorable, match=r"has a COPY in line 1[23]"):
        _scan(body)


def test_a_nul_is_refused_wherever_it_stands() -> None:
    for body in ("SELECT 1;\0\n", "COPY t (a) FROM stdin;\na\0\n\\.\n"):
        with pytest.raises(plain.NotRestorable, match="NUL byte in line 1"):
            _scan(body)


def test_without_standard_strings_a_backslash_hides_a_quote() -> None:
    hidden = "INSERT INTO t VALUES ('a\\', ' \\! id\n-- ');\n"
    assert not _scan(f"SET standard_conforming_strings = 'on';\n{hidden}").only_restricted
    with pytest.raises(plain.NotRestorable, match="own command"):
        _scan(f"SET standard_conforming_strings = off;\n{hidden}")


def test_a_half_of_a_character_that_is_a_backslash_is_refused() -> None:
    text = (FRAME % "SELECT E'%s';\n").replace("'UTF8'", "'SJIS'").encode()
    with pytest.raises(plain.NotRestorable, match="within a character of SJIS"):
        plain.scan(io.BytesIO(text.replace(b"%s", b"\x83\\")))
    assert plain.scan(io.BytesIO(text.replace(b"%s", b"\x83\x40"))).header.encoding == "SJIS"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("SELECT 1;\n", ""),
        ("SET standard_conforming_strings = on;\n", ""),
        ("SET SESSION standard_conforming_strings TO 'off';\n", "line 12 changes standard_conforming_strings"),
        ("SELECT set_config('standard_conforming_strings', 'off', false);\n", "line 12 changes"),
        ("ALTER ROLE a SET standard_conforming_strings TO off;\n", "line 12 changes"),
        ("SELECT '\n\\! id';\n", "line 13 begins with a backslash"),
        ("COPY t (a) FROM stdin;\n\\N\n\\.\n", ""),
    ],
)
def test_what_a_psql_that_cannot_be_restricted_must_not_run(body: str, reason: str) -> None:
    assert _scan(body).only_restricted.startswith(reason)
    assert bool(_scan(body).only_restricted) is bool(reason)
