"""What the embedded engine finds on this machine: PostgreSQLs, Pythons, and what it makes of requirements."""

from __future__ import annotations

import os
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.engines.embedded import EmbeddedEngine, binaries, interpreters, venvs
from simulator.engines.embedded.binaries import Installation
from simulator.errors import CannotTell
from simulator.host import store
from tests.support import files
from tests.support.places import own_folders
from tests.support.plans import embedded_plan


@pytest.fixture(scope="module", autouse=True)
def folder() -> Iterator[Path]:
    with own_folders() as fresh:
        yield fresh


def installed(*majors: int) -> tuple[Installation, ...]:
    return tuple(Installation(major, Path(f"/pg/{major}/bin"), "system") for major in majors)


# --- PostgreSQL ---


def test_the_wheel_brings_two_majors() -> None:
    of_the_wheel = [one.major for one in binaries.installations() if one.source == binaries.WHEEL]
    assert of_the_wheel == [16, 18]


def test_a_link_in_path_is_the_installation_that_it_leads_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = binaries.installations()
    (tmp_path / "postgres").symlink_to(known[0].bindir / "postgres")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert binaries.installations() == known


def test_a_folder_that_is_not_whole_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = binaries.installations()
    (tmp_path / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 99.1'\n")
    (tmp_path / "postgres").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert binaries.installations() == known


@pytest.mark.parametrize(
    ("wanted", "dumped_by", "server", "clients", "warned"),
    [
        (16, 16, 16, 16, False),
        (15, 15, 16, 16, True),  # the nearest newer one
        (17, 16, 18, 18, True),
        (16, 17, 16, 18, False),  # pg_restore at least as new as pg_dump
        (16, 18, 16, 18, False),
    ],
)
def test_the_server_is_the_dumps_and_the_clients_are_new_enough(
    tmp_path: Path, wanted: int, dumped_by: int, server: int, clients: int, warned: bool
) -> None:
    plan = embedded_plan(tmp_path / "p", postgres_major=wanted, client_major=dumped_by)
    choice = binaries.choose(plan, installed(16, 18))
    assert (choice.server.major, choice.clients.major, choice.warning is not None) == (server, clients, warned)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"postgres_major": 19, "client_major": 19}, "needs PostgreSQL 19 or newer, and this machine has 16, 18"),
        ({"postgres_major": 15, "exact_major": True}, "postgres.version is 15, and this machine has 16, 18"),
        ({"postgres_major": 18, "client_major": 19}, "written by pg_dump 19, and this machine has 16, 18"),
    ],
)
def test_what_is_too_old_is_refused_with_what_there_is(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    with pytest.raises(CannotTell, match=said):
        binaries.choose(embedded_plan(tmp_path / "p", **changes), installed(16, 18))


# --- Pythons ---


@pytest.mark.parametrize("python", interpreters.every(), ids=lambda python: python.version)
def test_each_python_here_is_found_by_its_version(python: interpreters.Python) -> None:
    minor = ".".join(python.version.split(".")[:2])
    found = interpreters.find(minor)
    assert found.is_a(minor)
    assert interpreters.find(python.version).version == python.version


def test_without_a_wish_it_is_the_one_that_migsim_stands_on() -> None:
    found = interpreters.find(None)
    assert found.version == ".".join(map(str, sys.version_info[:3]))
    assert not (found.path.parents[1] / "pyvenv.cfg").exists()


def test_a_python_that_is_not_here_is_an_error_that_lists_what_is() -> None:
    with pytest.raises(CannotTell, match=r"asks for Python 3\.99, and this machine has .*3\.") as refused:
        interpreters.find("3.99")
    assert "uv python install 3.99" in refused.value.hint


def test_a_shim_that_does_not_run_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    minor = f"{sys.version_info[0]}.{sys.version_info[1]}"
    shim = tmp_path / f"python{minor}"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert interpreters.find(minor).path != shim
    assert interpreters.ask(shim) is None


# --- virtual environments ---


@pytest.fixture(scope="module")
def wheel(folder: Path) -> Path:
    """A package of one module, as a wheel in a folder: an index that needs no network."""
    index = folder / "index"
    index.mkdir()
    with zipfile.ZipFile(index / "small_thing-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("small_thing.py", "answer = 42\n")
        info = "small_thing-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: small-thing\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "small_thing.py,,\n")
    return index


def made(*requirements: Path, temporary: Path, told: list[str] | None = None) -> Path:
    lines: list[str] = [] if told is None else told
    return venvs.virtual_environment(requirements, interpreters.find(None), temporary, lines.append)


def test_requirements_and_what_they_include_are_installed_once(tmp_path: Path, wheel: Path) -> None:
    (tmp_path / "base.txt").write_text("small-thing\n")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"--no-index\n--find-links {wheel}\n-r base.txt\n")
    told: list[str] = []
    python = made(requirements, temporary=tmp_path, told=told)
    (python.parent / "mark").touch()
    (said,) = told
    assert said.startswith(f"installing requirements.txt with Python {interpreters.find(None).version}")
    assert made(requirements, temporary=tmp_path, told=told) == python
    assert (python.parent / "mark").exists()
    (tmp_path / "base.txt").write_text("small-thing==1.0\n")
    assert made(requirements, temporary=tmp_path) != python


def test_code_installed_from_this_machine_is_told_apart_by_its_place(tmp_path: Path, wheel: Path) -> None:
    found = []
    for name in ("one", "other"):
        folder = files.write(tmp_path / name, {"requirements.txt": "./small_thing-1.0-py3-none-any.whl\n"})
        shutil.copy(wheel / "small_thing-1.0-py3-none-any.whl", folder)
        found.append(made(folder / "requirements.txt", temporary=tmp_path))
    assert found[0] != found[1]
    assert made(tmp_path / "one/requirements.txt", temporary=tmp_path) == found[0]


def test_an_editable_lies_on_the_path_of_its_python(tmp_path: Path) -> None:
    setup = "from setuptools import setup\nsetup(name='shop', version='1', packages=['shop'])\n"
    sources = {"setup.py": setup, "shop/__init__.py": "", "example/requirements.txt": "-e ..[dev]  # this one\n"}
    files.write(tmp_path / "shop", sources)
    python = interpreters.ask(made(tmp_path / "shop/example/requirements.txt", temporary=tmp_path))
    assert python is not None
    assert tmp_path / "shop" in python.folders  # which is what a confined project gets to see


def test_of_a_pyproject_the_dependencies_are_installed(
    tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel))
    project = tmp_path / "pyproject.toml"
    project.write_text('[project]\nname = "shop"\nversion = "1"\ndependencies = ["small-thing"]\n')
    python = made(project, temporary=tmp_path)
    site = next(python.parents[1].glob("lib/python*/site-packages"))
    assert (site / "small_thing.py").exists()
    assert not [path for path in site.iterdir() if path.name.startswith("shop")]


def test_a_failed_installation_names_the_file_and_the_installers_last_line(tmp_path: Path, wheel: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"--no-index\n--find-links {wheel}\nsmall-thing==9.9\n")
    with pytest.raises(CannotTell) as refused:
        made(requirements, temporary=tmp_path)
    assert str(requirements) in refused.value.message
    assert "small-thing==9.9" in refused.value.message
    with pytest.raises(CannotTell):  # a half-made one is not taken for a whole one
        made(requirements, temporary=tmp_path)


def test_a_missing_requirements_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotTell, match=r"there is no .*missing\.txt"):
        made(tmp_path / "missing.txt", temporary=tmp_path)


def test_a_credential_in_an_indexs_address_is_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("PIP_RETRIES", "0")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("--index-url http://user:hunter2@127.0.0.1:9/simple\nsmall-thing\n")
    with pytest.raises(CannotTell) as refused:
        made(requirements, temporary=tmp_path)
    assert "hunter2" not in refused.value.message


@pytest.mark.parametrize("mode", [0o755, 0o700])
def test_a_wheels_postgresql_runs_wherever_it_was_installed(
    mode: int, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also below /tmp, which a confined command does not see, and where the server's own user may not enter."""
    original = next(one for one in binaries.installations() if one.source == binaries.WHEEL)
    site = tmp_path / "site-packages"
    for part in binaries.parts(original.bindir):
        shutil.copytree(part, site / part.relative_to(original.bindir.parents[2]), symlinks=True)
    tmp_path.chmod(mode)
    moved = Installation(original.major, site / original.bindir.relative_to(original.bindir.parents[2]), "wheel")
    monkeypatch.setattr(binaries, "installations", lambda: (moved,))
    plan = embedded_plan(folder / "project")
    with store.open_run() as run, EmbeddedEngine().open(plan, run) as environment:
        socket = environment.inside("postgres", "postgres").host
        asked = environment.run("server", ("psql", "-XAt", "-h", socket, "-U", "postgres", "-c", "SELECT 7"))
        assert (asked.stdout, asked.stderr) == ("7\n", "")
