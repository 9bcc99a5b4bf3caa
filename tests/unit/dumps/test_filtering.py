"""What psql is given of a plain dump: the file itself, with guards at the right places and nowhere else."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.dumps import filtering
from simulator.engines.base import Psql

ON, OFF = "SET exit_on_error = on;\n", "SET exit_on_error = off;\n"


def given_to_psql(
    text: str,
    *,
    buffer: int = 1 << 16,
    first: bytes = b"",
    without: tuple[str, ...] = (),
    schemas: tuple[str, ...] = (),
) -> str:
    stream: Any = io.BufferedReader(io.BytesIO(text.encode()), buffer)  # as a file's, but small
    return filtering.for_psql(stream, first, without, schemas).read().decode()


def test_a_copy_ends_the_session_where_it_fails_and_nothing_else_does() -> None:
    text = "SELECT 1;\nCOPY t (a) FROM stdin;\n1\n\\.\n\nSELECT 2;\nCOPY u (a)\n  FROM stdin;\n\\.\nSELECT 3;\n"
    assert given_to_psql(text) == (
        f"SELECT 1;\n{ON}COPY t (a) FROM stdin;\n1\n\\.\n{OFF}\nSELECT 2;\n"
        f"{ON}COPY u (a)\n  FROM stdin;\n\\.\n{OFF}SELECT 3;\n"
    )


def test_a_transaction_of_its_own_ends_with_its_first_error() -> None:
    text = "BEGIN;\nSELECT 1;\nCOPY t FROM stdin;\n\\.\nROLLBACK TO a;\nCOMMIT;\nSELECT 2;\n"
    assert given_to_psql(text) == f"{ON}{text.removesuffix('SELECT 2;' + chr(10))}{OFF}SELECT 2;\n"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 'a\nCOPY t FROM stdin;\n';\n",
        "CREATE FUNCTION f() RETURNS int AS $$\nCOPY t FROM stdin;\nBEGIN\nEND $$ LANGUAGE plpgsql;\n",
        "/*\nCOPY t FROM stdin;\n*/\nSELECT 1;\n",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql\nBEGIN ATOMIC\nSELECT CASE WHEN a THEN 1 END;\nSELECT 2;\nEND;\n",
        "CREATE OR REPLACE PROCEDURE p(a int) LANGUAGE sql\nBEGIN ATOMIC\nSELECT 1;\nEND;\n",
        "CREATE RULE r AS ON INSERT TO t DO INSTEAD (SELECT 1;\nSELECT 2);\n",
        "SELECT 1;\n-- COPY t FROM stdin;\n",
    ],
)
def test_what_only_looks_like_one_is_left_alone(text: str) -> None:
    assert given_to_psql(f"{text}SELECT 9;\n") == f"{text}SELECT 9;\n"


def test_what_comes_first_comes_first_and_what_is_left_out_is_not_there() -> None:
    text = "\ufeffCREATE EXTENSION a;\nCREATE EXTENSION IF NOT EXISTS b;\nCOMMENT ON EXTENSION b IS 'c';\n"
    assert given_to_psql(text, first=b"\\restrict k\n", without=("b",)) == "\\restrict k\nCREATE EXTENSION a;\n"


def test_the_rows_of_an_extensions_own_tables_go_with_it() -> None:
    kept = "COPY public.job (a) FROM stdin;\n1\n\\.\n"
    text = f"SELECT 1;\nCOPY cron.job (a, b) FROM stdin;\n1\tCOPY\n\\.\n{kept}"
    assert given_to_psql(text, schemas=("cron",)) == f"SELECT 1;\n{ON}{kept}{OFF}"


ROW = st.sampled_from(["1\tx", "", "\\\\.", "\\.x", " \\.", "\\N", "COPY t FROM stdin;", "BEGIN;", "';", "x" * 50])


@given(rows=st.lists(ROW, max_size=120), buffer=st.integers(1, 40), end=st.sampled_from(["\n", "\r\n"]))
def test_rows_pass_as_they_are_however_they_are_read(rows: list[str], buffer: int, end: str) -> None:
    data = "".join(f"{row}\n" for row in rows)
    text = f"COPY t (a) FROM stdin;\n{data}\\.{end}SELECT 1;\n"
    assert given_to_psql(text, buffer=buffer) == f"{ON}COPY t (a) FROM stdin;\n{data}\\.{end}{OFF}SELECT 1;\n"


@pytest.mark.parametrize(
    ("version", "restricts"),
    [
        *(((18, 0), True), ((19, 2), True), ((17, 6), True), ((17, 5), False), ((16, 10), True), ((16, 9), False)),
        *(
            ((15, 14), True),
            ((15, 13), False),
            ((14, 19), True),
            ((13, 22), True),
            ((13, 21), False),
            ((12, 9), False),
        ),
    ],
)
def test_which_psql_can_be_restricted(version: tuple[int, int], restricts: bool) -> None:
    assert Psql("psql", *version).restricts is restricts
