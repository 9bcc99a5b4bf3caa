"""What is wrong with what was given: one line that names it, a hint, an exit code, and nothing left behind."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


def _changed(**changes: Any) -> Arrange:
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


def _without_interpreter(folder: Path, **django: str) -> Path:
    return blog.scenario(folder, django={"interpreter": None, "requirements": "requirements.txt", **django})


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


SETTINGS = {
    "a settings module that is not there": ({"settings": "mysite.settings"}, "", "mysite"),
    "settings that crash": ({}, "raise ValueError('not for anyone: hunter2')\n", "ValueError"),
    "settings with a syntax error": ({}, "def\n", "SyntaxError"),
    "settings that need variables": (
        {},
        "import os\nKEY = os.environ['SHOP_API_KEY']\nPORT = int(os.environ['SHOP_PORT'])\n"
        "if KEY == 'used elsewhere':\n    OTHER = os.environ['NOT_NEEDED']\n",
        "variables SHOP_API_KEY, SHOP_PORT: --env SHOP_API_KEY=VALUE --env SHOP_PORT=VALUE",
    ),
    "settings that need a module": ({}, "import nowhere_to_be_found\n", "nowhere_to_be_found"),
    "an app that is not there": ({}, "INSTALLED_APPS += ['no_such_app']\n", "no_such_app"),
}


@pytest.mark.parametrize(("django", "settings", "name"), SETTINGS.values(), ids=SETTINGS)
def test_settings_that_do_not_load_are_unknown(
    migsim: Command, django: dict[str, str], settings: str, name: str
) -> None:
    blog.write(migsim.folder, settings=settings)
    blog.scenario(migsim.folder, django=django)
    report = migsim.rehearse()
    assert (report["verdict"], report["exit_code"], report["failure"]["phase"]) == ("unknown", 3, "settings")
    assert name in report["because"]


def test_what_is_missing_for_sure_is_said_before_anything_is_installed(migsim: Command) -> None:
    blog.write(migsim.folder, settings="import os\nKEY = os.environ['SHOP_API_KEY']\nPORT = os.environ['SHOP_PORT']\n")
    (migsim.folder / "requirements.txt").write_text("no-such-package-at-all\n")
    blog.scenario(migsim.folder, django={"interpreter": None, "requirements": "requirements.txt"})
    done = migsim("run", "case", "--engine", "embedded")
    message, hint = _is_told(done, 3, ("SHOP_API_KEY (settings.py:", "SHOP_PORT (settings.py:"))
    assert "installed" not in message
    assert hint == "add to the command: --env SHOP_API_KEY=VALUE --env SHOP_PORT=VALUE"
    migsim.assert_nothing_left()


def test_models_that_do_not_import_are_unknown(migsim: Command) -> None:
    blog.write(migsim.folder, {"blog/models.py": "import nowhere_to_be_found\n"})
    report = migsim.rehearse()
    assert (report["verdict"], report["failure"]["phase"]) == ("unknown", "settings")
    assert "nowhere_to_be_found" in report["because"]


def test_an_engine_that_does_not_answer_is_named_with_its_address(migsim: Command) -> None:
    blog.scenario(migsim.folder, django={"interpreter": None, "requirements": "requirements.txt"})
    (migsim.folder / "requirements.txt").write_text("django\n")
    nobody = "tcp://127.0.0.1:1"
    done = migsim("run", "case", "--engine", "docker", "--format", "json", environment={"DOCKER_HOST": nobody})
    message, _ = _is_told(done, 3, (nobody,))
    assert done.report["error"]["message"] == message
    migsim.assert_nothing_left()


def test_without_docker_the_embedded_engine_serves_and_says_so(migsim: Command) -> None:
    done = migsim("run", "case", environment={"DOCKER_HOST": "tcp://127.0.0.1:1"})
    assert done.code == 0
    assert "engine embedded (docker: " in done.stderr
    assert "SAFE" in done.stdout


def test_an_unwritable_place_for_runs_is_named(migsim: Command) -> None:
    done = migsim.run("--format", "json", environment={"MIGSIM_RUNS": "/proc/nowhere"})
    _is_told(done, 3, ("/proc/nowhere",))
    assert done.report["verdict"] == "unknown"


def test_an_output_folder_that_is_a_file_is_named(migsim: Command) -> None:
    done = migsim.run("--output", "prod.dump")
    _is_told(done, 2, ("prod.dump",))


def test_a_bad_scenario_among_several_loses_no_report(migsim: Command) -> None:
    blog.scenario(migsim.folder, "bad", django={"database": "analytics"})
    done = migsim("run", "case", "bad", "--engine", "embedded", "--format", "json")
    assert [one["exit_code"] for one in done.report["reports"]] == [0, 3]
    assert "'analytics'" in done.report["reports"][1]["error"]["message"]
    assert done.code == 3


SMALL_DISK = """\
mount -t tmpfs -o size=$0,mode=755 tmpfs "$MIGSIM_RUNS" && "$@"
code=$?; echo "left: $(ls "$MIGSIM_RUNS")" >&2; exit $code
"""
FILL = "INSERT INTO blog_post (title) SELECT repeat('x', 100) FROM generate_series(1, 3000000);"


@pytest.mark.skipif(os.getuid() != 0, reason="only root mounts a small disk")
@pytest.mark.parametrize(
    ("size", "words"), [("100m", "MB are free"), ("360m", "is full")], ids=["at once", "in the middle"]
)
def test_a_full_disk_is_told(migsim: Command, size: str, words: str) -> None:
    migsim.runs.mkdir()
    (migsim.folder / "fill.sql").write_text(FILL)
    blog.scenario(migsim.folder, baseline=[{"restore": "prod.dump"}, {"sql": "fill.sql"}])
    done = migsim.run("--format", "json", prefix=("unshare", "-m", "sh", "-c", SMALL_DISK, size))
    report = done.report
    assert (done.code, report["verdict"]) == (3, "unknown"), done.stderr
    assert words in (report["error"] or {"message": report["because"]})["message"]
    assert done.stderr.endswith("left: \n")
