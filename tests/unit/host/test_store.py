"""Runs are locked while they live; what a dead one wrote down is removed, a live one's is not touched."""

import json
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from simulator.host import store
from tests.support import files


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGSIM_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("MIGSIM_CACHE", str(tmp_path / "cache"))


def dead_run(*, keep: bool = False, cut: bool = False) -> Path:
    """A run whose process ended without cleaning up, as kill -9 leaves it."""
    script = (
        "import os, sys\n"
        "from simulator.host import store\n"
        f"with store.open_run(keep={keep}) as run:\n"
        "    run.record('thing', name='first')\n"
        "    run.record('thing', name='second')\n"
        "    print(run.folder, flush=True)\n"
        f"    if not {keep}: os._exit(9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    folder = Path(done.stdout.strip())
    if cut:
        with (folder / "ledger.jsonl").open("a") as ledger:
            ledger.write('{"kind": "thi')
    return folder


def fill_half() -> None:
    with store.cached("venvs", "k") as (folder, _ready):
        (folder / "half").touch()
        raise RuntimeError("stopped in the middle")


def test_a_cache_entry_whose_folder_was_removed_by_hand_is_filled_anew() -> None:
    with store.cached("venvs", "k") as (folder, _ready):
        pass
    folder.rmdir()
    with pytest.raises(RuntimeError, match="in the middle"):
        fill_half()
    with store.cached("venvs", "k") as (_folder, ready):
        assert not ready


def test_a_run_that_ends_leaves_no_folder() -> None:
    with store.open_run() as run:
        assert run.folder.is_dir()
    assert not run.folder.exists()


def test_a_sweep_removes_what_a_dead_run_wrote_down_newest_first() -> None:
    folder = dead_run(cut=True)
    removed: list[Mapping[str, str]] = []

    def remove(entry: Mapping[str, str]) -> bool:
        removed.append(entry)
        return True

    left = store.sweep(remove)
    assert left == []
    assert [entry["name"] for entry in removed] == ["second", "first"]
    assert not folder.exists()


def test_live_runs_are_those_whose_lock_is_held() -> None:
    dead_run()
    with store.open_run() as run:
        assert store.live_runs() == [run.id]
    assert store.live_runs() == []


def test_a_sweep_does_not_touch_a_live_run() -> None:
    with store.open_run() as run:
        run.record("thing", name="mine")
        assert store.sweep(lambda entry: pytest.fail(f"swept {entry}")) == []
        assert run.folder.is_dir()


def test_what_cannot_be_removed_yet_is_told_and_tried_again() -> None:
    folder = dead_run()
    left = store.sweep(lambda entry: entry["name"] != "first")
    assert left == [f"thing first of run {folder.name}"]
    assert folder.exists()
    assert store.sweep(lambda entry: True) == []
    assert not folder.exists()


def test_a_kept_run_waits_for_clean() -> None:
    folder = dead_run(keep=True)
    assert store.sweep(lambda entry: pytest.fail("a kept run was swept")) == []
    assert folder.exists()
    store.sweep(lambda entry: True, kept=True)
    assert not folder.exists()


def test_the_ledger_is_on_disk_before_the_thing_is_made() -> None:
    with store.open_run() as run:
        run.record("container", name="a", docker_host="unix:///x")
        lines = (run.folder / "ledger.jsonl").read_text().splitlines()
        assert json.loads(lines[0]) == {"kind": "container", "name": "a", "docker_host": "unix:///x"}


def test_a_cache_entry_is_ready_only_when_it_was_filled_to_the_end() -> None:
    with pytest.raises(RuntimeError, match="in the middle"):
        fill_half()
    with store.cached("venvs", "k") as (folder, ready):
        assert not ready
        assert not (folder / "half").exists()
        (folder / "whole").touch()
    with store.cached("venvs", "k") as (folder, ready):
        assert ready
        assert (folder / "whole").exists()


def test_a_sweep_removes_nothing_but_runs(tmp_path: Path) -> None:
    files.write(tmp_path / "runs", {"photos/1.jpg": "mine", "0123456789/notes.txt": "mine"})
    dead = dead_run()
    assert store.sweep(lambda entry: True, kept=True) == []
    assert store.live_runs() == []
    assert not dead.exists()
    assert files.read(tmp_path / "runs") == {"photos/1.jpg": "mine", "0123456789/notes.txt": "mine", ".lock": ""}


def test_a_run_that_was_killed_before_its_lock_was_made_is_removed(tmp_path: Path) -> None:
    (tmp_path / "runs/0123456789").mkdir(parents=True)
    assert store.sweep(lambda entry: True) == []
    assert not (tmp_path / "runs/0123456789").exists()


def test_caches_are_emptied_of_their_own_entries_only(tmp_path: Path) -> None:
    theirs = {"photos/1.jpg": "mine", "venvs/my-own/bin/python": "mine"}
    files.write(tmp_path / "cache", theirs)
    with store.cached("venvs", "k") as (folder, _ready):
        (folder / "whole").touch()
    with store.cached("initdb", "k"):
        pass
    assert [kind.name for kind in store.caches()] == ["initdb", "venvs"]
    for kind in store.caches():
        store.empty_cache(kind)
    assert store.caches() == []
    assert files.read(tmp_path / "cache") == theirs
    assert not (tmp_path / "cache/initdb").exists()


def test_what_is_cached_is_closed_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGSIM_CACHE", str(tmp_path))
    (tmp_path / "venv").mkdir(mode=0o777)
    with store.cached("venv", "key") as (folder, _ready):
        assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700


def test_a_ledger_that_a_power_cut_tore_keeps_what_can_be_read() -> None:
    folder = dead_run()
    ledger = folder / "ledger.jsonl"
    ledger.write_bytes(b'\xff\xfe\x00\n5\n[1]\n{"name": "x"}\n{"kind": 5}\n' + ledger.read_bytes())
    assert [entry["name"] for entry in store.read_ledger(folder)] == ["first", "second"]
    removed: list[str] = []

    def remove(entry: Mapping[str, str]) -> bool:
        removed.append(entry["name"])
        return True

    assert store.sweep(remove) == []
    assert (removed, folder.exists()) == (["second", "first"], False)


def test_a_run_that_can_not_be_looked_at_is_named_and_the_others_go(monkeypatch: pytest.MonkeyPatch) -> None:
    closed, other = dead_run(), dead_run()
    looked = store._is_dead

    def refused(folder: Path) -> bool:
        if folder == closed:
            raise PermissionError(13, "Permission denied", str(folder / "lock"))
        return looked(folder)

    monkeypatch.setattr(store, "_is_dead", refused)
    (left,) = store.sweep(lambda _entry: True)
    assert left == f"run {closed.name}: Permission denied: {closed / 'lock'}"
    assert (closed.exists(), other.exists()) == (True, False)
    assert store.live_runs() == []
