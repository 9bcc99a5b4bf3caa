"""What is wrong with what was given: one line that names it, a hint, an exit code, and nothing left behind."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import blog
from tests.support.command import Command, Done
from tests.support.repository import Repository

Arrange = Callable[[Path], object]


@dataclass(frozen=True)
class Case:
    """``names``: words of the user's own that the complaint has to contain."""

    arrange: Arrange
    names: tuple[str, ...]
    arguments: tuple[str, ...] = ("case",)


def _nothing(_folder: Path) -> None:
    pass


def _repository(folder: Path) -> Repository:
    repository = Repository(folder)
    repository.git("init", "--quiet")
    repository.commit("all of it")
    return repository


def _changed(**changes: object) -> Arrange:
    return lambda folder: blog.scenario(folder, **changes)


def _with_text(text: str) -> Arrange:
    return lambda folder: (folder / "scenarios/case.yaml").write_text(text)


WRONG_USAGE = {
    "an unknown scenario": Case(_nothing, ('"prod-copi"',), ("prod-copi",)),
    "a misspelt scenario": Case(_nothing, ('"cas"', "case"), ("cas",)),
    "a scenario file that is not there": Case(_nothing, ("elsewhere.yaml",), ("elsewhere.yaml",)),
    "nothing named": Case(_nothing, ("scenarios", "--tag", "--dump"), ()),
    "a tag that none has": Case(_nothing, ('"hourly"',), ("--tag", "hourly")),
    "a variable that is none": Case(_nothing, ("dump",), ("case", "--set", "dump")),
    "a variable that nothing asks for": Case(_nothing, ("dump",), ("case", "--set", "dump=x")),
    "an unknown key": Case(_changed(postgress={"version": 15}), ("case.yaml", "postgress")),
    "an unknown key below": Case(_changed(django={"setting": "x"}), ("case.yaml", "django.setting")),
    "an undefined variable": Case(_with_text("version: 1\nname: '{{ nobody }}'\n"), ("case.yaml", "nobody")),
    "a broken template": Case(_with_text("version: 1\nname: {% if %}\n"), ("case.yaml",)),
    "broken YAML": Case(_with_text("version: 1\nname: [\n"), ("case.yaml",)),
    "an empty file": Case(_with_text(""), ("case.yaml",)),
    "an unknown alias": Case(_changed(django={"database": "analytics"}), ("'analytics'", "default")),
    "an unknown alias in baselines": Case(_changed(django={"baselines": {"cold": []}}), ("'cold'", "default")),
    "no folder of the project": Case(_changed(django={"project": "backend"}), ("django.project", "backend")),
    "no script": Case(_changed(baseline=[{"sql": "gone.sql"}]), ("gone.sql",)),
    "a ref without a repository": Case(_changed(django={"ref": "main"}), ("ref",)),
    "no environment file": Case(_changed(django={"env_file": "gone.env"}), ("gone.env",)),
    "several dumps": Case(
        lambda folder: (
            shutil.copy(folder / "prod.dump", folder / "b.dump"),
            blog.scenario(folder, baseline=[{"restore": "*.dump"}]),
        ),
        ("*.dump", "2"),
    ),
    "clean with a plain dump": Case(
        _changed(baseline=[{"restore": {"dump": "plain.sql", "clean": True}}]), ("case.yaml", "clean")
    ),
    "an interpreter that is not there": Case(_changed(django={"interpreter": "venv/bin/python"}), ("venv/bin/python",)),
    "an unknown ref": Case(
        lambda folder: (_repository(folder), blog.scenario(folder, django={"ref": "feature/gone"})), ("feature/gone",)
    ),
}


@pytest.mark.parametrize("case", WRONG_USAGE.values(), ids=WRONG_USAGE)
def test_wrong_usage_is_told_before_anything_is_concluded(migsim: Command, case: Case) -> None:
    case.arrange(migsim.folder)
    done = migsim("run", *case.arguments, "--engine", "embedded", "--format", "json")
    _is_told(done, 2, case.names)
    assert done.stdout == ""
    migsim.assert_nothing_left()


def _write(name: str, content: bytes | str) -> Arrange:
    data = content.encode() if isinstance(content, str) else content
    return lambda folder: (folder / name).write_bytes(data)


def _truncated(folder: Path) -> None:
    dump = folder / "prod.dump"
    dump.write_bytes(dump.read_bytes()[:-200])


def _old(folder: Path) -> None:
    blog.scenario(folder, baseline=[{"restore": {"dump": "prod.dump", "max_age": "26h"}}])
    two_days_ago = time.time() - 2 * 86400
    os.utime(folder / "prod.dump", (two_days_ago, two_days_ago))


MYSQL = "-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)\n--\nCREATE TABLE `a` (`id` int) ENGINE=InnoDB;\n"
CLUSTER = "--\n-- PostgreSQL database cluster dump\n--\n\nCREATE ROLE x;\n"


def _without_interpreter(folder: Path, **django: str) -> None:
    blog.scenario(folder, django={"interpreter": None, "requirements": "requirements.txt", **django})


CANNOT_TELL = {
    "a dump that is not there": Case(lambda folder: (folder / "prod.dump").unlink(), ("prod.dump",)),
    "a glob that matches none": Case(
        _changed(baseline=[{"restore": {"dump": "dumps/*.dump", "newest": True}}]), ("dumps/*.dump",)
    ),
    "an empty dump": Case(_write("prod.dump", b""), ("prod.dump", "empty")),
    "a truncated dump": Case(_truncated, ("prod.dump", "cut")),
    "a stale dump": Case(_old, ("prod.dump", "26 h")),
    "a dump of MySQL": Case(_write("prod.dump", MYSQL), ("prod.dump", "MySQL")),
    "a dump of a whole cluster": Case(_write("prod.dump", CLUSTER), ("prod.dump", "pg_dumpall")),
    "junk": Case(_write("prod.dump", bytes(range(256)) * 40), ("prod.dump",)),
    "an older server than the dump's": Case(_changed(postgres={"version": 14}), ("14",)),
    "a server that nobody has": Case(_changed(postgres={"version": 99}), ("99",)),
    "a Python that is nowhere": Case(
        lambda folder: (_requiring("django")(folder), _without_interpreter(folder, python="3.99")),
        ("3.99",),
    ),
    "a requirement that nobody has": Case(
        lambda folder: (_requiring("./no-such-folder")(folder), _without_interpreter(folder)),
        ("requirements.txt", "no-such-folder"),
    ),
    "a value that the server refuses": Case(_changed(postgres={"parameters": {"work_mem": "much"}}), ("work_mem",)),
}


def _requiring(line: str) -> Arrange:
    return _write("requirements.txt", f"{line}\n")


@pytest.mark.parametrize("case", CANNOT_TELL.values(), ids=CANNOT_TELL)
def test_what_cannot_be_found_out_is_a_report_with_its_error(migsim: Command, case: Case) -> None:
    case.arrange(migsim.folder)
    done = migsim("run", *case.arguments, "--engine", "embedded", "--format", "json")
    message, hint = _is_told(done, 3, case.names)
    report = done.report
    assert (report["verdict"], report["exit_code"]) == ("unknown", 3)
    assert report["error"] == {"message": message, "hint": hint}
    migsim.assert_nothing_left()


def _is_told(done: Done, code: int, names: tuple[str, ...]) -> tuple[str, str]:
    assert done.code == code, done.stderr
    message, hint = done.complaint
    assert hint
    for name in names:
        assert name in message, message
    return message, hint
