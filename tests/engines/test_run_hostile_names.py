"""Names that others gave (of tables, files, branches) write no line of their own, hide none, command no terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.wording import is_seen, one_line
from tests.support import blog
from tests.support.command import Command, Done
from tests.support.probing import migration
from tests.support.repository import Repository

# As a table, a file or a column may be called. A branch's name can't hold a control character.
EVIL = "t\ncase  SAFE   exit 0\x1b[8m\x9b2J\u202e\u200b"
BRANCH = "feature/\u202esafe\u200b\u009bx"


def assert_nothing_hidden(done: Done) -> None:
    """Every line of both outputs shows all that is in it, and none was begun by a name."""
    lines = [*done.stdout.split("\n"), *done.stderr.split("\n")]
    assert [line for line in lines if not all(map(is_seen, line))] == []
    assert [line for line in lines if line.lstrip().startswith("case  SAFE")] == []


@pytest.fixture
def hostile(migsim: Command, production: blog.Production) -> Command:
    """A project whose dump, next migration and one table carry that name."""
    dump = production.dump(f'{blog.PRODUCTION}CREATE TABLE "{EVIL}" (id int);', name="hostile.dump")
    dump.rename(migsim.folder / f"{EVIL}.dump")
    blog.scenario(migsim.folder, baseline=[{"restore": f"{EVIL}.dump"}])
    sql = f'ALTER TABLE "{EVIL}" ADD COLUMN id int'
    (migsim.folder / f"blog/migrations/0003_{EVIL}.py").write_text(
        migration(f"migrations.RunSQL({sql!r})", "blog.0002_tag")
    )
    return migsim


def test_of_a_table_a_migration_and_a_dump(hostile: Command) -> None:
    done = hostile.run("--output", "out")
    assert done.code == 1
    assert_nothing_hidden(done)
    assert one_line(f"blog.0003_{EVIL}") in done.stdout
    assert one_line(f"{EVIL}.dump") in done.stdout
    assert_nothing_hidden(Done(0, (hostile.folder / "out/case.txt").read_text(), ""))


def test_in_json_the_names_are_what_they_are(hostile: Command) -> None:
    done = hostile.run("--format", "json", "--no-trials")
    assert_nothing_hidden(done)
    failure = done.report["failure"]
    assert (failure["relation"], failure["migration"]) == (EVIL, f"blog.0003_{EVIL}")


def test_in_showmigrations(hostile: Command) -> None:
    done = hostile("showmigrations", "case", "--engine", "embedded")
    assert_nothing_hidden(done)
    assert f"[ ] {one_line(f'0003_{EVIL}')}" in done.stdout


def test_of_a_dump_that_is_not_one(migsim: Command) -> None:
    (migsim.folder / f"{EVIL}.dump").write_bytes(b"\x00not a dump")
    blog.scenario(migsim.folder, baseline=[{"restore": f"{EVIL}.dump"}])
    done = migsim.run()
    assert (done.code, one_line(EVIL) in done.stderr) == (3, True)
    assert_nothing_hidden(done)


def test_of_a_scenario_and_what_was_typed(migsim: Command) -> None:
    (migsim.folder / f"scenarios/{EVIL}.yaml").write_text("version: 1\nnam: case\n")
    for arguments in (["validate"], ["list"], ["run", EVIL], ["run", "--format", EVIL], ["render", EVIL]):
        done = migsim(*arguments)
        assert_nothing_hidden(done)
        assert one_line(EVIL) in done.stdout + done.stderr or arguments[0] == "render"


def test_of_a_branch(migsim: Command) -> None:
    repository = Repository(migsim.folder)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.commit("main")
    repository.git("switch", "--quiet", "--create", BRANCH)
    (migsim.folder / f"blog/migrations/0002_{EVIL}.py").write_text(migration("", "blog.0001_initial"))
    repository.commit("a second leaf")
    blog.scenario(migsim.folder, django={"ref": BRANCH})
    done = migsim.run()
    assert done.code == 1
    assert_nothing_hidden(done)
    assert one_line(BRANCH) in done.stdout


@pytest.mark.parametrize("form", ["text", "json", "github"])
def test_in_what_the_guard_says(form: str, tmp_path: Path, migsim: Command) -> None:
    repository = Repository(migsim.folder)
    repository.git("init", "--quiet", f"--initial-branch={BRANCH}")
    repository.commit("main")
    repository.git("switch", "--quiet", "--create", "work")
    (migsim.folder / f"blog/migrations/0002_{EVIL}.py").write_text(migration("", "blog.0001_initial"))
    repository.commit("a second leaf")
    done = migsim("guard", "--base", BRANCH, "--format", form)
    assert done.code == 1, done.stderr
    assert_nothing_hidden(done)
    if form == "json":
        assert any(EVIL in path["path"] for path in json.loads(done.stdout)["problems"][0]["files"])
    else:
        assert one_line(EVIL) in done.stdout
        assert all(line.startswith("::") for line in done.stdout.splitlines()) or form == "text"
