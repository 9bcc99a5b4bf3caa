"""What `migsim schedule` prints is a file that its scheduler takes as it is."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from simulator.commands import schedule
from simulator.errors import UsageError

MIGSIM = Path("/opt/migsim/bin/migsim")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose path needs every kind of quoting."""
    folder = tmp_path / "my shop 100%"
    (folder / "scenarios").mkdir(parents=True)
    return folder


@pytest.mark.parametrize("kind", ["cron", "systemd", "github"])
def test_the_first_comment_says_what_it_is_and_where_it_goes(project: Path, kind: schedule.Kind) -> None:
    head = schedule.text(kind, project, MIGSIM, None).split("\n\n")[0]
    assert head.startswith("# migsim nightly")
    assert any(place in head for place in ("crontab -e", "~/.config/systemd/user/", ".github/workflows/migsim.yml"))


def test_cron_has_five_fields_and_a_command_that_sh_reads(project: Path) -> None:
    line = schedule.text("cron", project, MIGSIM, None).splitlines()[-1]
    *fields, command = line.split(maxsplit=5)
    minute, hour = int(fields[0]), int(fields[1])
    assert (0 <= minute < 60, 0 <= hour < 24, fields[2:]) == (True, True, ["*"] * 3)
    assert re.search(r"(?<!\\)%", command) is None  # cron would end the command there
    as_sh_gets_it = command.replace(r"\%", "%")
    subprocess.run(["sh", "-n", "-c", as_sh_gets_it], check=True)
    assert shlex.split(as_sh_gets_it)[:2] == ["cd", str(project)]


def test_cron_speaks_only_of_a_night_that_is_not_safe(project: Path, tmp_path: Path) -> None:
    for code, expected in ((0, ""), (3, "exit 3: the table\n")):
        program = tmp_path / f"migsim{code}"
        program.write_text(f"#!/bin/sh\necho the table\nexit {code}\n")
        program.chmod(0o755)
        line = schedule.text("cron", project, program, None).splitlines()[-1]
        command = line.split(maxsplit=5)[5].replace(r"\%", "%")
        assert subprocess.run(["sh", "-c", command], capture_output=True, text=True).stdout == expected


def test_systemd_names_the_project_and_the_program_by_absolute_paths(project: Path) -> None:
    text = schedule.text("systemd", project, MIGSIM, None)
    assert f"\nWorkingDirectory={str(project).replace('%', '%%')}\n" in text
    assert f"\nExecStart={MIGSIM} nightly\n" in text
    assert "\nPersistent=true\n" in text


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_takes_both_units(project: Path, tmp_path: Path) -> None:
    text = schedule.text("systemd", project, Path(shutil.which("true") or ""), None)
    units = re.split(r"# ---- .*/(migsim-nightly\.\w+)\n", text)[1:]
    for name, unit in zip(units[::2], units[1::2], strict=True):
        (tmp_path / name).write_text(unit)
    names = [str(tmp_path / name) for name in units[::2]]
    assert names == [str(tmp_path / f"migsim-nightly.{kind}") for kind in ("service", "timer")]
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *names], capture_output=True, text=True)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "migsim-nightly" in line]) == (0, [])


def test_the_workflow_runs_in_the_project_s_folder_and_keeps_the_reports(project: Path, tmp_path: Path) -> None:
    workflow = yaml.safe_load(schedule.text("github", project, MIGSIM, tmp_path))
    (trigger,) = workflow[True]["schedule"]  # YAML 1.1 reads `on` as true
    assert len(trigger["cron"].split()) == 5
    steps = workflow["jobs"]["rehearse"]["steps"]
    assert {"run": "migsim nightly", "working-directory": project.name} in steps
    upload = next(step for step in steps if step.get("uses", "").startswith("actions/upload-artifact"))
    assert (upload["if"], upload["with"]["path"]) == ("always()", f"{project.name}/reports")


def test_a_folder_without_scenarios_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no scenarios/") as caught:
        schedule.text("cron", tmp_path, MIGSIM, None)
    assert caught.value.hint == "migsim init"
