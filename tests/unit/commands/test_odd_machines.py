"""Machines that are not as one expects: an answer in words and its exit code, never a bug of migsim's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support import files

SCENARIO = "version: 1\nname: {}\ndescription: d’été\ndjango: {{project: ., requirements: r.txt}}\n"
LONG = "a" * 300


@pytest.fixture
def project(tmp_path: Path) -> Path:
    texts = {"scenarios/one.yaml": SCENARIO.format("one"), "scenarios/long.yaml": SCENARIO.format(LONG)}
    return files.write(tmp_path / "p", {**texts, "a.dump": ""})


def migsim(
    project: Path, *arguments: str, redirected: str = "", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """With its streams as a shell is told to put them."""
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {redirected}', "sh", sys.executable, "-m", "simulator", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(environment or {})},
    )


@pytest.mark.parametrize("redirected", [">&-", "2>&-", "<&-", ">&- 2>&- <&-", "2>/dev/full"])
def test_a_stream_that_is_closed_or_full_changes_no_answer(project: Path, redirected: str) -> None:
    """The answer is the exit code: 2, for the name that is too long."""
    done = migsim(project, "validate", redirected=redirected)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_an_answer_that_can_not_be_written_is_no_answer(project: Path) -> None:
    done = migsim(project, "list", redirected=">/dev/full")
    assert done.returncode == 3
    first, hint = done.stderr.splitlines()
    assert first == "migsim: the output can't be written: No space left on device"
    assert hint.startswith("hint: ")


def test_a_terminal_of_few_letters_gets_the_others_as_escapes(project: Path) -> None:
    few = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = migsim(project, "list", environment=few)
    assert done.returncode == 0
    assert "d\\u2019\\xe9t\\xe9" in done.stdout


@pytest.mark.parametrize("name", [LONG, f"{LONG}.yaml", f"sample/{LONG}"])
def test_a_name_too_long_for_a_file_is_none_that_is_there(project: Path, name: str) -> None:
    done = migsim(project, "run", name)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, "hint: migsim list")


def test_a_scenarios_own_name_fits_into_a_files(project: Path) -> None:
    done = migsim(project, "validate", "long")
    assert done.returncode == 2
    assert "long.yaml:2: name: must be letters, digits, . _ and -, at most 100" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--dump", "no.dump"), "--dump no.dump: no such file"),
        (("--dump", "a.dump", "--project", "nowhere"), "--project nowhere: no such folder"),
        (("--dump", "a.dump", "--project", "a.dump"), "--project a.dump: no such folder"),
    ],
)
def test_what_the_command_line_names_and_is_not_there_is_wrong_usage(
    project: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = migsim(project, "run", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"migsim: {words}\nhint: ")


@pytest.mark.parametrize("variable", ["MIGSIM_RUNS", "MIGSIM_CACHE"])
def test_doctor_names_a_place_that_is_no_folder_and_goes_on(project: Path, variable: str) -> None:
    lines = migsim(project, "doctor", environment={variable: str(project / "a.dump")}).stdout.splitlines()
    names = [line.split()[1] for line in lines]
    assert names[-2:] == ["runs", "cache"]
    (said,) = [line for line in lines if "a.dump" in line]
    assert said.startswith("no ")
    assert f"hint: {variable}=" in said


@pytest.mark.parametrize(
    "environment",
    [
        {"DOCKER_HOST": "tcp://127.0.0.1:1", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/nowhere"},
        {"DOCKER_HOST": "nonsense://x"},
        {"DOCKER_CONTEXT": "nobody-made-this"},
        {"PATH": "/nowhere"},
    ],
)
def test_doctor_goes_on_to_its_end(project: Path, environment: Mapping[str, str]) -> None:
    done = migsim(project, "doctor", environment=environment)
    assert done.returncode in (0, 3)
    names = [line.split()[1] for line in done.stdout.splitlines()]
    assert (names[0], names[-3:]) == ("docker", ["git", "runs", "cache"])


@pytest.mark.parametrize("verb", ["list", "validate", "run", "init", "guard"])
def test_a_folder_that_was_removed_meanwhile_is_said(tmp_path: Path, verb: str) -> None:
    inside = f'mkdir gone && cd gone && rmdir ../gone && exec "$@" {"--tag nightly" if verb == "run" else ""}'
    done = subprocess.run(
        ["/bin/sh", "-c", inside, "sh", sys.executable, "-P", "-m", "simulator", verb],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert done.stderr == "migsim: the current folder is not there any more\nhint: cd into one that is\n"
