"""Dumps that pg_dump really wrote, read without a server: whole ones told everything, broken ones refused."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from simulator import dumps
from simulator.dumps import statements
from simulator.engines.base import Environment
from simulator.engines.embedded import binaries
from simulator.errors import CannotTell, UsageError
from tests.support import dumping
from tests.support.dumping import MAJORS, NEWEST, OLDEST, Source, compress

Start = Callable[[int, str], Environment]

ARCHIVES = ("custom", "uncompressed", "directory", "tar")
EVERY = (
    *ARCHIVES,
    "plain",
    "inserts",
    *(f"{n}.{s}" for n in ("uncompressed", "tar", "plain") for s in ("gz", "xz", "zst")),
)
FORMATS = {"uncompressed": "custom", "inserts": "plain"}
COMPRESSIONS = {"gz": "gzip", "xz": "xz", "zst": "zstd"}


@pytest.mark.parametrize("name", EVERY)
def test_what_a_dump_tells(shop_dumps: Mapping[str, Path], name: str) -> None:
    kind, _, suffix = name.partition(".")
    dump = dumps.read(shop_dumps[name])
    assert dump.format == FORMATS.get(kind, kind)
    assert dump.compression == COMPRESSIONS.get(suffix, "none")
    assert (dump.dumped_from or "").startswith(f"{OLDEST}.")
    assert dump.dumped_from == dump.dumped_by
    assert dump.owner == "shop_app"
    assert {"shop_app", "Reporting-Team", "rdsadmin"} <= set(dump.roles)
    assert dump.tables == (0 if kind == "inserts" else 3)
    assert dump.relations >= 5  # an archive counts the sequence of an identity column too
    assert dump.encoding == "UTF8"
    assert dump.size > 0


@pytest.mark.parametrize("name", ["custom", "directory", "tar", "tar.gz"])
def test_an_archive_knows_when_it_was_taken_and_the_databases_settings(
    shop_dumps: Mapping[str, Path], name: str
) -> None:
    dump = dumps.read(shop_dumps[name])
    assert dump.taken_at is not None
    assert abs(datetime.now().astimezone() - dump.taken_at) < timedelta(hours=1)
    assert [statements.setting_name(one) for one in dump.settings] == ["search_path", "app.token"]
    assert "s3cret" not in repr(dump)


@pytest.mark.parametrize("major", MAJORS)
@pytest.mark.parametrize("format_", ["-Fc", "-Fd", "-Ft", "-Fp"])
def test_the_archives_of_every_pg_dump_here(shop: Source, tmp_path: Path, major: int, format_: str) -> None:
    dump = dumps.read(shop.dump(tmp_path / "dump", format_, major=major))
    assert (dump.dumped_by or "").startswith(f"{major}.")
    assert (dump.dumped_from or "").startswith(f"{OLDEST}.")
    assert (dump.owner, dump.tables) == ("shop_app", 3)


def test_a_dump_written_through_a_pipe_has_no_offsets(shop: Source, tmp_path: Path) -> None:
    address = shop.environment.address("shop", "postgres")
    path = tmp_path / "piped.dump"
    tool = binaries.installations()[0].bindir / "pg_dump"
    where = f"-h {address.host} -p {address.port} -U postgres"
    subprocess.run(f"{tool} {where} -Fc shop | cat > {path}", shell=True, check=True)
    assert dumps.read(path).tables == 3
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(CannotTell, match="cut short"):
        dumps.read(path)


@pytest.mark.parametrize("format_", ["-Fc", "-Fd", "-Ft", "-Fp"])
def test_tables_whose_rows_were_left_out(start: Start, tmp_path: Path, format_: str) -> None:
    script = """
        CREATE TABLE filled (id int); INSERT INTO filled VALUES (1);
        CREATE TABLE empty (id int);
        CREATE TABLE left_out (id int); INSERT INTO left_out VALUES (1);
        CREATE TABLE parted (id int) PARTITION BY RANGE (id);
        CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (9);
    """
    source = dumping.make(start(OLDEST, "source"), f"rows{format_[1:].lower()}", script)
    assert dumps.read(source.dump(tmp_path / "whole", format_, major=OLDEST)).without_rows == ()
    partly = source.dump(tmp_path / "partly", format_, "--exclude-table-data=left_out", major=OLDEST)
    assert dumps.read(partly).without_rows == ("left_out",)


def test_extensions_tablespaces_and_no_history(shop: Source, tmp_path: Path) -> None:
    dump = dumps.read(shop.dump(tmp_path / "t.dump", "-Fc", "-t", "app.customer", major=OLDEST))
    assert (dump.owner, dump.tables, dump.extensions, dump.tablespaces) == (None, 1, (), ())


@pytest.mark.parametrize(
    "name", ["custom", "uncompressed", "tar", "plain", "tar.gz", "plain.gz", "plain.xz", "plain.zst"]
)
def test_a_file_cut_anywhere_is_refused(shop_dumps: Mapping[str, Path], tmp_path: Path, name: str) -> None:
    whole = shop_dumps[name].read_bytes()
    path = tmp_path / "cut.dump"
    for end in _cuts(whole, name):
        path.write_bytes(whole[:end])
        with pytest.raises(CannotTell) as refusal:
            dumps.read(path)
        assert str(path) in refusal.value.message, end
        assert refusal.value.hint


def _cuts(whole: bytes, name: str) -> list[int]:
    """Many places; not the padding at the end of a tar, nor what follows a script's last line, which nobody needs."""
    end = len(whole)
    if name == "tar":
        end = len(whole.rstrip(b"\0"))
    if name == "plain":
        end = whole.index(b"-- PostgreSQL database dump complete")
    return [1, 3, 8, 60, *range(100, end, max(97, end // 60)), *range(max(0, end - 12), end)]


def test_a_directory_without_one_of_its_files_is_refused(shop_dumps: Mapping[str, Path], tmp_path: Path) -> None:
    whole = shop_dumps["directory"]
    for number, file in enumerate(sorted(whole.iterdir())):
        folder = tmp_path / str(number)
        shutil.copytree(whole, folder)
        (folder / file.name).unlink()
        with pytest.raises(CannotTell) as refusal:
            dumps.read(folder)
        assert file.name.removesuffix(".gz") in refusal.value.message


def test_a_directory_with_cut_rows_is_refused(shop: Source, tmp_path: Path) -> None:
    folder = shop.dump(tmp_path / "dir", "-Fd", "-Z0", major=OLDEST)
    dumps.read(folder)
    rows = max(folder.glob("[0-9]*.dat"), key=lambda file: file.stat().st_size)
    rows.write_bytes(rows.read_bytes()[:-40])
    with pytest.raises(CannotTell, match=rows.name):
        dumps.read(folder)


@pytest.mark.parametrize("name", ["custom", "tar.gz", "plain.xz"])
def test_a_damaged_file_is_refused(shop_dumps: Mapping[str, Path], tmp_path: Path, name: str) -> None:
    data = bytearray(shop_dumps[name].read_bytes())
    data[60:100] = b"\xff" * 40
    path = tmp_path / "damaged"
    path.write_bytes(data)
    with pytest.raises(CannotTell):
        dumps.read(path)


def test_a_newer_archive_version_is_named(shop_dumps: Mapping[str, Path], tmp_path: Path) -> None:
    data = bytearray(shop_dumps["custom"].read_bytes())
    data[6] = 99
    path = tmp_path / "future.dump"
    path.write_bytes(data)
    with pytest.raises(CannotTell, match=r"version 1\.99"):
        dumps.read(path)


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "prod.dump").touch()
    with pytest.raises(CannotTell, match=r"there is no dump .*prd\.dump") as refusal:
        dumps.read(tmp_path / "prd.dump")
    assert str(tmp_path / "prod.dump") in refusal.value.hint
    with pytest.raises(CannotTell) as refusal:
        dumps.read(tmp_path / "nowhere" / "prod.dump")
    assert str(tmp_path / "nowhere") in refusal.value.hint


@pytest.mark.parametrize(("format_", "expected"), [("-Fc", "UTF8"), ("-Fp", None)])
def test_the_encoding_is_the_databases_not_the_dumps(
    shop: Source, tmp_path: Path, format_: str, expected: str | None
) -> None:
    assert dumps.read(shop.dump(tmp_path / "d", format_, "-E", "LATIN1", major=OLDEST)).encoding == expected


def test_what_cannot_be_read(tmp_path: Path) -> None:
    loop = tmp_path / "loop.dump"
    loop.symlink_to(loop)
    with pytest.raises(CannotTell, match="can't be read"):
        dumps.read(loop)


def test_one_that_creates_its_own_database(shop: Source, tmp_path: Path) -> None:
    path = shop.dump(tmp_path / "c.sql", "-Fp", "-C", major=OLDEST)
    for file in (path, compress(path, "gz")):
        dump = dumps.read(file)
        assert (dump.database, dump.database_owner, dump.encoding) == ("shop", "postgres", "UTF8")
        assert dump.owner == "shop_app"
        assert [statements.setting_name(one) for one in dump.settings] == ["search_path", "app.token"]


def test_pg_dumpall(shop: Source, tmp_path: Path) -> None:
    address = shop.environment.address("shop", "postgres")
    tool = binaries.installations()[0].bindir / "pg_dumpall"
    path = tmp_path / "all.sql"
    where = ("-h", address.host, "-p", str(address.port), "-U", "postgres", "-f", str(path))
    subprocess.run([tool, *where], check=True)
    dump = dumps.read(path, "shop")
    assert (dump.database, dump.owner, dump.tables) == ("shop", "shop_app", 3)
    assert "rdsadmin" in dump.roles
    with pytest.raises(UsageError, match="no database 'other'"):
        dumps.read(path, "other")


FOREIGN = {
    "is empty": b"",
    "dump of MySQL": b"-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)\n--\n",
    "dump of MariaDB": b"/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n",
    "a SQLite database": b"SQLite format 3\0" + b"\0" * 100,
    "dump of SQLite": b"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t (a);\n",
    "a zip archive": b"PK\x03\x04rest",
    "UTF-16": "-- PostgreSQL database dump\n".encode("utf-16"),
    "Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
    "no file that pg_dump wrote": b"\x01\x02EXPDP\0\0\x07\x08" * 50,
    "no header of pg_dump": b"CREATE TABLE t (a integer);\n",
    "fixture of dumpdata": b'[{"model": "blog.tag", "pk": 1}]',
}


@pytest.mark.parametrize(("what", "content"), FOREIGN.items(), ids=list(FOREIGN))
def test_files_of_other_tools_are_recognised(tmp_path: Path, what: str, content: bytes) -> None:
    path = tmp_path / "prod.dump"
    path.write_bytes(content)
    with pytest.raises(CannotTell, match=what) as refusal:
        dumps.read(path)
    assert refusal.value.hint
    with pytest.raises(CannotTell):
        dumps.read(compress(path, "gz"))


def test_a_data_directory_and_its_tar(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "PG_VERSION").write_text("15\n")
    path = tmp_path / "base.tar"
    with tarfile.open(path, "w") as tar:
        tar.addfile(tarfile.TarInfo("backup_label"), io.BytesIO())
        tar.add(folder / "PG_VERSION", "PG_VERSION")
    for one in (folder, path, compress(path, "gz")):
        with pytest.raises(CannotTell, match="data directory"):
            dumps.read(one)


def test_a_tar_of_a_directory_dump_says_what_to_do(shop_dumps: Mapping[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "dir.tar"
    with tarfile.open(path, "w") as tar:
        tar.add(shop_dumps["directory"], "shop.dir")
    with pytest.raises(CannotTell, match="tar of other files") as refusal:
        dumps.read(path)
    assert "unpack" in refusal.value.hint
    with pytest.raises(CannotTell, match="toc"):
        dumps.read(shop_dumps["directory"] / "toc.dat")


def test_a_folder_that_is_no_dump(tmp_path: Path) -> None:
    with pytest.raises(CannotTell, match=r"without toc\.dat"):
        dumps.read(tmp_path)


def test_the_newest_pg_dump_of_the_newest_server(newer_shop: Source, tmp_path: Path) -> None:
    dump = dumps.read(newer_shop.dump(tmp_path / "d", "-Fc", major=NEWEST))
    assert (dump.dumped_from or "").startswith(f"{NEWEST}.")
    assert dump.owner == "shop_app"
