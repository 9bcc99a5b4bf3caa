"""Dump files as the world has them: packed, with a terminal's words around them, changed on their way."""

from __future__ import annotations

import bz2
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from simulator import dumps
from simulator.dumps import filtering
from simulator.errors import CannotTell
from simulator.model import Dump

DUMP = b"""--
-- PostgreSQL database dump
--

-- Dumped from database version 15.4
-- Dumped by pg_dump version 16.1

SET client_encoding = 'UTF8';
CREATE TABLE public.t (a text);
COPY public.t (a) FROM stdin;
pg_dump: a row
\\.
--
-- PostgreSQL database dump complete
--
"""


def read(tmp_path: Path, content: bytes) -> Dump:
    path = tmp_path / "prod.dump"
    path.write_bytes(content)
    return dumps.read(path)


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_bzip2_and_a_zip_of_one_file_are_read_as_they_are(tmp_path: Path) -> None:
    assert read(tmp_path, bz2.compress(DUMP)).compression == "bzip2"
    dump = read(tmp_path, zipped(**{"a/": b"", "a/prod.sql": DUMP, "__MACOSX/a/._prod.sql": b"x"}))
    assert (dump.compression, dump.format, dump.tables) == ("zip", "plain", 1)


@pytest.mark.parametrize("packed", [bz2.compress(DUMP), zipped(dump=DUMP * 50)])
def test_a_cut_one_is_refused(tmp_path: Path, packed: bytes) -> None:
    with pytest.raises(CannotTell, match="cut short or damaged"):
        read(tmp_path, packed[:-40])


def test_a_damaged_one_is_refused(tmp_path: Path) -> None:
    packed = bz2.compress(bytes(range(256)) * 4000 + DUMP)
    middle = len(packed) // 2
    with pytest.raises(CannotTell, match="cut short or damaged"):
        read(tmp_path, bz2.compress(DUMP)[:60] + packed[middle:])


def test_a_zip_of_several_files_says_how_many(tmp_path: Path) -> None:
    with pytest.raises(CannotTell, match="zip archive of 2 files") as refusal:
        read(tmp_path, zipped(a=DUMP, b=b"x"))
    assert "unpack" in refusal.value.hint


TALK = b'Defaulted container "db" out of: db, init (init)\r\nroot@db:/# pg_dump shop\r\nit\'s late\r\n'


def test_what_a_terminal_said_before_the_header_is_left_out(tmp_path: Path) -> None:
    dump = read(tmp_path, TALK + DUMP)
    assert (dump.lines_before, dump.tables, dump.windows) == (3, 1, False)
    stream: Any = io.BufferedReader(io.BytesIO(TALK + DUMP))
    given = filtering.for_psql(stream, b"").read()
    assert b"late" not in given
    assert b"pg_dump: a row" in given


def test_sql_before_the_header_is_part_of_the_script(tmp_path: Path) -> None:
    assert read(tmp_path, b"CREATE SCHEMA app;\nCREATE TABLE app.t ();\n" + DUMP).relations == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            DUMP.replace(b"CREATE", b"pg_dump: warning: there're circular foreign keys\nCREATE", 1),
            "message of pg_dump's own in line 9",
        ),
        (DUMP + b"root@db:/# exit\n", "goes on after its last line"),
    ],
)
def test_what_stands_within_or_behind_it_is_told(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(CannotTell, match=reason) as refusal:
        read(tmp_path, content)
    assert "--file=" in refusal.value.hint


def test_line_ends_of_windows_are_noted(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf" + DUMP.replace(b"\n", b"\r\n")).windows
    assert not read(tmp_path, DUMP).windows


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xfe" + DUMP.decode().encode("utf-16-le"), "UTF-16"),
        (b"PGDMP\x01\xef\xbf\xbd\x00\x04" + b"\x00" * 60, "taken for text"),
        (b"PGDMP\x01\x0f\x00\x04\x08\x01\x00\x01\r\n\x00" + b"\x01" * 60, "taken for text"),
        (b'[{"model": "shop.order", "pk": 1}]', "fixture of dumpdata"),
        (b"# of June\n- model: shop.order\n  pk: 1\n", "fixture of dumpdata"),
    ],
)
def test_what_was_changed_on_its_way_or_is_another_thing(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(CannotTell, match=reason) as refusal:
        read(tmp_path, content)
    assert "pg_dump -Fc" in refusal.value.hint


SUPABASE = b"""

SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE IF NOT EXISTS "public"."t" ("a" "text");
ALTER TABLE "public"."t" OWNER TO "shop";

RESET ALL;
"""


def test_what_supabase_makes_of_a_dump_has_no_header_and_an_end_of_its_own(tmp_path: Path) -> None:
    dump = read(tmp_path, SUPABASE)
    assert (dump.format, dump.relations, dump.dumped_from, dump.roles) == ("plain", 1, None, ("shop",))


@pytest.mark.parametrize("content", [SUPABASE.replace(b"RESET ALL;\n", b""), b"CREATE TABLE t ();\nRESET ALL;\n"])
def test_without_a_header_and_an_end_nobody_knows_whether_it_is_whole(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(CannotTell, match="has no header of pg_dump") as refusal:
        read(tmp_path, content)
    assert "sql: FILE" in refusal.value.hint
