"""init, list, validate and render, on folders as people have them."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulator.commands import init, render, validate
from simulator.commands import list as list_command
from simulator.dumps.choice import choose
from simulator.errors import UsageError
from simulator.host.terminal import Terminal
from simulator.project import choices, first_scenario, look
from simulator.scenario import Restore, Step
from simulator.scenario import files as scenarios
from simulator.scenario import text as scenario_text
from tests.support import files, projects

SECRET = "hunter2-do-not-show"


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal as narrow as a pipe's default, which must not cut anything."""
    monkeypatch.setenv("COLUMNS", "40")
    return Terminal(file=io.StringIO())


def printed(console: Terminal) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def write_first(folder: Path, console: Terminal, *, force: bool = False, **environ: str) -> scenarios.LoadedScenario:
    """Run ``init`` and read what it wrote, as a later ``run`` would."""
    assert init.init(folder, name="prod-copy", dump=None, force=force, environ=environ, console=console) == 0
    return scenarios.read(scenarios.find("prod-copy", folder), {}, environ)


@pytest.mark.parametrize(
    ("layout", "project", "settings", "environment"),
    [
        (projects.plain, ".", "mysite.settings", set()),
        (projects.layered, ".", "config.settings.local", projects.LAYERED_VARIABLES),
        (projects.below, "src", "shop.settings", set()),
        (projects.dockerised, ".", "mysite.settings", set()),
    ],
)
def test_init_writes_a_scenario_that_validates_and_finds_the_project(
    layout: Callable[[Path], Path],
    project: str,
    settings: str,
    environment: set[str],
    tmp_path: Path,
    console: Terminal,
) -> None:
    folder = layout(tmp_path)
    loaded = write_first(folder, console)
    django = loaded.scenario.django
    assert (django.project, django.settings, set(django.environment)) == (project, settings, environment)
    assert loaded.scenario.baseline == (Step(restore=Restore(dump="dumps/prod.dump")),)
    assert choices(django, look(loaded.root / django.project, tops=(loaded.root,)), loaded.root)


def test_init_names_every_missing_variable_at_once_and_shows_no_value(tmp_path: Path, console: Terminal) -> None:
    folder = files.write(projects.layered(tmp_path), {".env": f"REDIS_URL={SECRET}\n"})
    loaded = write_first(folder, console, LOCAL_ONLY=SECRET)
    said = printed(console)
    missing = [line.split()[1] for line in said.splitlines() if line.startswith("missing")]
    assert sorted(missing) == ["DJANGO_SECRET_KEY", "SENTRY_DSN"]
    assert "none of its code was run" in said
    assert loaded.scenario.django.env_file == (".env",)
    assert "REDIS_URL" not in loaded.scenario.django.environment
    assert SECRET not in said + loaded.path.read_text()


def test_init_takes_the_youngest_dump_that_lies_there(tmp_path: Path, console: Terminal) -> None:
    folder = files.write(projects.plain(tmp_path), {"dumps/old.dump": "", "dumps/new one.sql.gz": ""})
    os.utime(folder / "dumps/old.dump", (1, 1))
    loaded = write_first(folder, console)
    assert loaded.scenario.baseline[0].restore == Restore(dump="dumps/new one.sql.gz", max_age="26h")


@pytest.mark.parametrize(
    ("name", "old", "restore"),
    [
        ("prod-2026-11-26.dump", False, Restore(dump="dumps/prod-*.dump", newest=True, max_age="26h")),
        ("prod-2026-11-26T0300.dump", True, Restore(dump="dumps/prod-*.dump", newest=True)),
        ("shop 7 [a].sql.gz", True, Restore(dump="dumps/shop * [[]a].sql.gz", newest=True)),
        ("prod.dump", True, Restore(dump="dumps/prod.dump")),
    ],
)
def test_init_takes_those_that_come_after_that_dump_too(
    name: str, old: bool, restore: Restore, tmp_path: Path, console: Terminal
) -> None:
    folder = files.write(projects.plain(tmp_path), {f"dumps/{name}": ""})
    if old:
        os.utime(folder / "dumps" / name, (1, 1))
    found = write_first(folder, console).scenario.baseline[0].restore
    assert found == restore
    chosen = choose(str(restore.dump), folder, restore.newest, None, datetime.now(UTC))
    assert chosen.name == name


def test_init_does_not_overwrite(tmp_path: Path, console: Terminal) -> None:
    write_first(projects.plain(tmp_path), console)
    path = tmp_path / "scenarios/prod-copy.yaml.j2"
    path.write_text("mine")
    with pytest.raises(UsageError, match=r"prod-copy\.yaml\.j2 is there already") as caught:
        write_first(tmp_path, console)
    assert "--force" in caught.value.hint
    assert path.read_text() == "mine"
    assert write_first(tmp_path, console, force=True).scenario.name == "prod-copy"


def test_init_makes_no_second_file_of_the_name(tmp_path: Path, console: Terminal) -> None:
    files.write(projects.plain(tmp_path), {"scenarios/prod-copy.yaml": "version: 1\nname: prod-copy\n"})
    with pytest.raises(UsageError, match=r"prod-copy\.yaml is there already"):
        write_first(tmp_path, console, force=True)


def test_init_without_a_project_writes_nothing(tmp_path: Path, console: Terminal) -> None:
    with pytest.raises(UsageError, match=r"holds no manage\.py"):
        write_first(tmp_path, console)
    assert list(tmp_path.iterdir()) == []


def test_init_refuses_a_name_that_a_scenario_cannot_have(tmp_path: Path, console: Terminal) -> None:
    with pytest.raises(UsageError, match="name: must be letters"):
        init.init(projects.plain(tmp_path), name="a b", dump=None, force=False, environ={}, console=console)
    assert not (tmp_path / "scenarios").exists()


def test_init_says_that_the_settings_are_not_postgresqls(tmp_path: Path, console: Terminal) -> None:
    files.write(
        projects.plain(tmp_path),
        {"mysite/settings.py": 'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3"}}\n'},
    )
    write_first(tmp_path, console)
    assert "default: django.db.backends.sqlite3; not PostgreSQL" in printed(console)


def test_a_dump_elsewhere_is_named_by_its_whole_path(tmp_path: Path) -> None:
    folder = projects.plain(tmp_path / "a/b/c/shop")
    dump = tmp_path / "tonight's {odd}: #1.dump"
    text = first_scenario.scenario_for(look(folder), dump)
    scenario = scenario_text.load(text, path=Path("x"), variables={}, environ={})
    assert scenario.baseline[0].restore == Restore(dump=str(dump))


def test_list_names_what_can_be_run(tmp_path: Path, console: Terminal) -> None:
    files.write(
        tmp_path,
        {
            "scenarios/one.yaml": "version: 1\nname: one\ntags: [a, b]\ndescription: What if [red]it[/red] did?\n",
            "scenarios/two.yaml.j2": "version: 1\nname: two\nfoo: 1\n",
        },
    )
    assert list_command.run(cwd=tmp_path, output_format="text", environ={}, console=console) == 0
    lines = printed(console).splitlines()
    assert lines[0].split(maxsplit=1) == ["one", "[a, b] What if [red]it[/red] did?"]
    assert lines[1].strip() == "scenarios/one.yaml"
    assert lines[2].startswith("two ")
    assert "not usable" in lines[2]
    assert "foo: no such key" in lines[2]
    assert any(line.startswith("sample/prod-copy ") for line in lines)


def test_list_as_json(tmp_path: Path, console: Terminal) -> None:
    files.write(tmp_path, {"scenarios/one.yaml": "version: 1\nname: one\ntags: a\n"})
    assert list_command.run(cwd=tmp_path, output_format="json", environ={}, console=console) == 0
    found = json.loads(printed(console))
    assert found["schema"] == "migsim.scenarios/1"
    assert found["scenarios"][0] == {
        "name": "one",
        "path": str(tmp_path / "scenarios/one.yaml"),
        "tags": ["a"],
        "description": "",
        "problem": "",
    }


def test_list_where_there_is_none_says_what_to_do(tmp_path: Path, console: Terminal) -> None:
    assert list_command.run(cwd=tmp_path, output_format="text", environ={}, console=console) == 0
    assert printed(console).splitlines()[-1] == "no scenario of your own here; hint: migsim init"


def test_validate_says_ok_or_every_problem(tmp_path: Path, console: Terminal) -> None:
    files.write(
        tmp_path,
        {
            "scenarios/good.yaml": "version: 1\nname: good\n",
            "scenarios/bad.yaml": "version: 1\nname: bad\nfoo: 1\nbar: 2\n",
        },
    )
    assert validate.run(["good"], cwd=tmp_path, variables={}, environ={}, console=console) == 0
    assert validate.run([], cwd=tmp_path, variables={}, environ={}, console=console) == 2
    bad = tmp_path / "scenarios/bad.yaml"
    assert printed(console).splitlines() == [
        "ok good",
        f"{bad}:3: foo: no such key",
        f"{bad}:4: bar: no such key",
        "ok good",
    ]


def test_validate_goes_on_after_a_name_that_is_not_there(tmp_path: Path, console: Terminal) -> None:
    files.write(tmp_path, {"scenarios/good.yaml": "version: 1\nname: good\n"})
    assert validate.run(["god", "good"], cwd=tmp_path, variables={}, environ={}, console=console) == 2
    assert printed(console).splitlines() == ['no scenario "god"; did you mean "good"?', "ok good"]


def test_validate_with_nothing_to_validate_is_wrong_usage(tmp_path: Path, console: Terminal) -> None:
    with pytest.raises(UsageError) as caught:
        validate.run([], cwd=tmp_path, variables={}, environ={}, console=console)
    assert caught.value.hint == "migsim init"


def test_render_prints_the_yaml_as_it_is(tmp_path: Path, console: Terminal) -> None:
    text = "version: 1\nname: {{ who }}\ndescription: [bold]a rather long line that no console may ever wrap[/bold]\n"
    files.write(tmp_path, {"scenarios/one.yaml.j2": text})
    assert render.run("one", cwd=tmp_path, variables={"who": "me"}, environ={}, console=console) == 0
    assert printed(console) == text.replace("{{ who }}", "me")


def test_render_of_an_undefined_variable(tmp_path: Path, console: Terminal) -> None:
    files.write(tmp_path, {"scenarios/one.yaml.j2": "version: 1\nname: {{ who }}\n"})
    with pytest.raises(UsageError, match=r'one\.yaml\.j2:2: "who" is not defined'):
        render.run("one", cwd=tmp_path, variables={}, environ={}, console=console)
