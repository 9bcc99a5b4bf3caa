"""Which dump a glob means, and when one is too old."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from simulator import dumps
from simulator.dumps.choice import taken
from simulator.errors import CannotTell, UsageError

NOW = datetime.now().astimezone()
DAY = timedelta(days=1).total_seconds()


def _dump(path: Path, content: bytes = b"-- PostgreSQL database dump\n", *, hours_ago: float = 0) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    moment = (NOW - timedelta(hours=hours_ago)).timestamp()
    os.utime(path, (moment, moment))
    return path


def test_the_newest_of_several(tmp_path: Path) -> None:
    _dump(tmp_path / "dumps/a.dump", hours_ago=50)
    newest = _dump(tmp_path / "dumps/b.dump", hours_ago=2)
    _dump(tmp_path / "dumps/c.dump", hours_ago=20)
    _dump(tmp_path / "dumps/notes.txt")
    assert dumps.choose("dumps/*.dump", tmp_path, True, DAY, NOW) == newest


def test_several_without_newest_are_ambiguous(tmp_path: Path) -> None:
    _dump(tmp_path / "a.dump")
    _dump(tmp_path / "b.dump")
    with pytest.raises(UsageError, match="matches 2 dumps"):
        dumps.choose("*.dump", tmp_path, False, None, NOW)


def test_nothing_matches(tmp_path: Path) -> None:
    with pytest.raises(CannotTell, match=r"no dump matches \*\.dump"):
        dumps.choose("*.dump", tmp_path, True, None, NOW)


def test_an_old_one_is_refused_with_its_age(tmp_path: Path) -> None:
    path = _dump(tmp_path / "prod.dump", hours_ago=77)
    with pytest.raises(CannotTell) as refusal:
        dumps.choose("*.dump", tmp_path, True, DAY, NOW)
    assert refusal.value.message == f"{path} was taken 3 d 5 h ago; max_age is 24 h"
    assert refusal.value.exit_code == 3
    assert dumps.choose("prod.dump", tmp_path, False, None, NOW) == path


def test_a_plain_path_may_be_missing_until_it_is_read(tmp_path: Path) -> None:
    assert dumps.choose("prod.dump", tmp_path, False, DAY, NOW) == tmp_path / "prod.dump"


def test_an_old_dump_that_was_copied_today_is_still_old(shop_dumps: Mapping[str, Path], tmp_path: Path) -> None:
    data = bytearray(shop_dumps["custom"].read_bytes())
    year = 8 + 3 + 5 + 5 * 5  # after magic and version, sizes and format, compression, second to month
    assert int.from_bytes(data[year + 1 : year + 5], "little") == NOW.year - 1900
    data[year + 1 : year + 5] = (NOW.year - 1901).to_bytes(4, "little")
    path = _dump(tmp_path / "prod.dump", bytes(data))
    assert NOW - taken(path) > timedelta(days=300)
    with pytest.raises(CannotTell, match="was taken"):
        dumps.choose("prod.dump", tmp_path, False, DAY, NOW)


def test_a_folder_counts_where_it_is_a_dump(shop_dumps: Mapping[str, Path], tmp_path: Path) -> None:
    shutil.copytree(shop_dumps["directory"], tmp_path / "shop")
    (tmp_path / "empty").mkdir()
    assert dumps.choose("*", tmp_path, True, DAY, NOW + timedelta(minutes=1)) == tmp_path / "shop"


def test_the_checksum_of_a_file_and_of_a_folder(shop_dumps: Mapping[str, Path], tmp_path: Path) -> None:
    empty = _dump(tmp_path / "empty", b"")
    assert dumps.sha256(empty) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    copy = shutil.copytree(shop_dumps["directory"], tmp_path / "copy")
    assert dumps.sha256(copy) == dumps.sha256(shop_dumps["directory"])
    (copy / "toc.dat").rename(copy / "toc2.dat")
    assert dumps.sha256(copy) != dumps.sha256(shop_dumps["directory"])
