"""From a scenario file's text to a Scenario, or to every problem with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.scenario import Build, Expect, Migrate, Restore, Role, SameAs, Scenario, Step
from simulator.scenario.problems import ScenarioProblems
from simulator.scenario.text import load

PATH = Path("scenarios/case.yaml.j2")
START = "version: 1\nname: case\n"
SECRET = "hunter2-do-not-show"


def loaded(text: str, environ: dict[str, str] | None = None, **variables: str) -> Scenario:
    return load(text, path=PATH, variables=variables, environ=environ or {})


def problems(text: str, environ: dict[str, str] | None = None, **variables: str) -> list[str]:
    with pytest.raises(ScenarioProblems) as caught:
        loaded(text, environ, **variables)
    assert caught.value.exit_code == 2
    assert caught.value.hint == f"migsim validate {PATH}"
    return caught.value.message.splitlines()


EVERYTHING = """\
version: 1
name: prod-copy
description: Would tonight's dump survive the migrations on main?
tags: [nightly]
postgres:
  version: 15
  image: postgres:15
  parameters: {work_mem: 64MB, max_connections: 20, fsync: off, jit: false}
  role: {name: shop_app, member_of: [reporting]}
  ignore_extensions: [aws_s3]
django:
  project: .
  ref: feature/invoices
  settings: mysite.settings
  database: default
  baselines:
    replica: {same_as: default}
    archive:
      - restore: dumps/archive.dump
  environment: [SECRET_KEY, "DEBUG=1", EMPTY=]
  env_file: .env
  build: {context: ., dockerfile: Dockerfile, target: app, args: {A: 1.10}}
  code: checkout
baseline:
  - restore: dumps/prod.dump
  - restore: {dump: "dumps/*.dump", newest: true, max_age: 26h}
  - sql: fixtures/legacy.sql
  - migrate: {ref: feature/old}
  - restore: {dump: dumps/dev.dump, clean: true}
rehearse:
  command: [migrate]
  tier: data
  timeout: 30m
  confine: require
expect: {verdict: would-fail, migration: blog.0003_tags, sqlstate: 42P07}
"""


def test_every_key_of_the_format() -> None:
    scenario = loaded(EVERYTHING)
    assert scenario.postgres.version == "15"
    assert scenario.postgres.parameters == {
        "work_mem": "64MB",
        "max_connections": "20",
        "fsync": "off",
        "jit": "false",
    }
    assert scenario.postgres.role == Role(name="shop_app", member_of=("reporting",))
    assert scenario.django.baselines == {
        "replica": SameAs(same_as="default"),
        "archive": (Step(restore=Restore(dump="dumps/archive.dump")),),
    }
    assert scenario.django.environment == {"SECRET_KEY": None, "DEBUG": "1", "EMPTY": ""}
    assert scenario.django.build == Build(context=".", dockerfile="Dockerfile", target="app", args={"A": "1.10"})
    assert scenario.baseline[1].restore == Restore(dump="dumps/*.dump", newest=True, max_age="26h")
    assert scenario.baseline[4].restore == Restore(dump="dumps/dev.dump", clean=True)
    assert scenario.expect == Expect(verdict="would-fail", migration="blog.0003_tags", sqlstate="42P07")


def test_the_least_that_a_scenario_says() -> None:
    scenario = loaded(START)
    assert scenario.baseline == ()
    assert scenario.postgres.role == "auto"
    assert scenario.rehearse.command == ("migrate",)
    assert scenario.expect is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("expect: safe", lambda s: s.expect == Expect(verdict="safe")),
        ("expect: {verdict: would-fail, sqlstate: 08006}", lambda s: s.expect.sqlstate == "08006"),
        ("tags: nightly", lambda s: s.tags == ("nightly",)),
        ("postgres: {role: shop_app}", lambda s: s.postgres.role == "shop_app"),
        ("postgres: {ignore_extensions: aws_s3}", lambda s: s.postgres.ignore_extensions == ("aws_s3",)),
        ("django: {build: docker}", lambda s: s.django.build == Build(context="docker")),
        ("django: {merge: feature/a}", lambda s: s.django.merge == ("feature/a",)),
        ("django: {merge: [a, b]}", lambda s: s.django.merge == ("a", "b")),
        ("django: {python: 3.10}", lambda s: s.django.python == "3.10"),
        ("django: {python: '3.8'}", lambda s: s.django.python == "3.8"),
        ("django: {environment: {DEBUG: True, N: 0o17, X: }}", lambda s: s.django.environment == {
            "DEBUG": "True", "N": "0o17", "X": None}),
        ("rehearse: {command: migrate --skip-checks 'a b'}", lambda s: s.rehearse.command == (
            "migrate", "--skip-checks", "a b")),
        ("rehearse: {command: [migrate_schemas, --shared]}", lambda s: s.rehearse.command == (
            "migrate_schemas", "--shared")),
        ("baseline:\n  - migrate: feature/old", lambda s: s.baseline[0].migrate == Migrate(ref="feature/old")),
        ("baseline:\n", lambda s: s.baseline == ()),
        ("postgres:\n  # version: 15\n", lambda s: s.postgres.version is None),
        ("x: &base {dump: a.dump}\n".replace("x:", "vars:"), lambda s: s.vars == {"dump": "a.dump"}),
        ("vars: &v {dump: a.dump}\nbaseline:\n  - restore: {<<: *v, clean: true}",
         lambda s: s.baseline[0].restore == Restore(dump="a.dump", clean=True)),
    ],
)  # fmt: skip
def test_short_forms_and_kept_digits(text: str, found: object) -> None:
    assert callable(found)
    assert found(loaded(START + text + "\n"))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("foo: 1", "3: foo: no such key"),
        ("taggs: [a]", '3: taggs: no such key; did you mean "tags"?'),
        ("settings: a.b", "3: settings: no such key; it belongs under django:"),
        ("django:\n  enviroment: [A]", '4: django.enviroment: no such key; did you mean "environment"?'),
        ("postgres: {version: 15.4}", '3: postgres.version: must be a major version such as 15, not "15.4"'),
        ("postgres: {role: [a]}", "3: postgres.role: must be text, not a list"),
        ("postgres: {role: {nam: a, name: b}}", '3: postgres.role.nam: no such key; did you mean "name"?'),
        ("postgres: 15", '3: postgres: must be a mapping (key: value), not "15"'),
        ("django: {ref: -x}", '3: django.ref: must be a git ref, not "-x"'),
        ("django: {settings: my site}", '3: django.settings: must be a module\'s dotted name, not "my site"'),
        ("django: {project: ''}", "3: django.project: is empty"),
        ("django: {code: imag}", '3: django.code: must be one of image, checkout, not "imag"; did you mean "image"?'),
        ("django: {environment: {A: [1]}}", "3: django.environment.A: must be text, not a list"),
        (
            "django: {baselines: {other: foo}}",
            '3: django.baselines.other: must be a list, not "foo"',
        ),
        ("django: {baselines: {a: {same_as: a}}}", "3: django.baselines.a.same_as: must name another alias"),
        (
            "django: {baselines: {a: {same_as: b}, b: {same_as: default}}}",
            "3: django.baselines.a.same_as: b is itself the same as another; name that one",
        ),
        (
            "django: {database: a, baselines: {a: []}}",
            "3: django.baselines.a: is the alias under rehearsal: its steps stand under baseline",
        ),
        (
            "django:\n  image: a\n  requirements: b",
            "5: django.requirements: only one of image, build, requirements, interpreter; image is there already",
        ),
        (
            "django: {interpreter: a, python: 3.12}",
            "3: django.python: is for a virtual environment; with interpreter it does nothing",
        ),
        (
            "django: {requirements: a, code: checkout}",
            "3: django.code: is for image and build; with requirements it does nothing",
        ),
        (
            "django: {image: a, ref: b, code: image}",
            "3: django.code: an image's own code is not that of ref; write checkout",
        ),
        ("baseline: dump", '3: baseline: must be a list, not "dump"'),
        ("baseline:\n  - {}", "4: baseline[0]: a step needs one of restore, sql, migrate"),
        (
            "baseline:\n  - sql: a\n  - restore: b\n    sql: c",
            "6: baseline[1].sql: one key a step; restore is there already",
        ),
        ("baseline:\n  - restore: {newest: true}", "4: baseline[0].restore.dump: is missing"),
        (
            "baseline:\n  - restore: {dump: a, newest: maybe}",
            '4: baseline[0].restore.newest: must be true or false, not "maybe"',
        ),
        (
            "baseline:\n  - restore: {dump: a, max_age: 26}",
            '4: baseline[0].restore.max_age: must be a length of time such as 90s, 30m, 26h or 2d, not "26"',
        ),
        (
            "baseline:\n  - restore: {dump: a.sql.gz, clean: true}",
            "4: baseline[0].restore.clean: is for archives (custom, directory, tar): psql has no such option",
        ),
        ("rehearse: {timeout: 0s}", '3: rehearse.timeout: must be longer than nothing, not "0s"'),
        ("rehearse: {tier: all}", '3: rehearse.tier: must be one of schema, data, not "all"'),
        ('rehearse: {command: "migrate \'a"}', '3: rehearse.command: has an open quote, not "migrate \'a"'),
        ("rehearse: {command: []}", "3: rehearse.command: is empty"),
        (
            "rehearse: {command: migrate --database=other}",
            "3: rehearse.command: --database has a key of its own: django.database",
        ),
        (
            "rehearse: {command: [migrate, --settings, mysite.prod]}",
            "3: rehearse.command: --settings has a key of its own: django.settings",
        ),
        (
            "expect: sfae",
            '3: expect.verdict: must be one of safe, would-fail, unknown, not "sfae"; did you mean "safe"?',
        ),
        ("expect: {verdict: safe, sqlstate: 42P07}", "3: expect.sqlstate: a safe rehearsal stops nowhere"),
        (
            "expect: {verdict: would-fail, sqlstate: 42p7}",
            '3: expect.sqlstate: must be five digits or capitals, such as 42P07, not "42p7"',
        ),
        ("name: again", "3: name: is there twice, first in line 2"),
        ("django: {ref: a, ref: b}", "3: django.ref: is there twice, first in line 3"),
    ],
)
def test_what_is_refused_and_where(text: str, line: str) -> None:
    assert problems(START + text + "\n") == [f"{PATH}:{line}"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ": the scenario is empty; it starts with version: 1"),
        ("# nothing\n", ": the scenario is empty; it starts with version: 1"),
        ("- a\n", ": the scenario must be a mapping (key: value); it starts with version: 1"),
        ("name: a\n", ":1: version: is missing"),
        ("version: 2\nname: a\n", ':1: version: must be 1, the only version of the format, not "2"'),
        ("version: 1\nname: a b\n", ':2: name: must be letters, digits, . _ and -, at most 100, not "a b"'),
    ],
)
def test_text_that_is_no_scenario(text: str, line: str) -> None:
    assert problems(text) == [f"{PATH}{line}"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("tags: [a\n", "4: not YAML: "),
        ("\tx: 1\n", "3: not YAML: "),
        ("---\nname: b\n", "3: not YAML: "),
        ("x: !vault y\n", "3: not YAML: "),
        ("x: *nowhere\n", "3: not YAML: "),
        ("x: \x07\n", "3: not YAML: the character U+0007 is not allowed"),
        ("x: {{ y\n", "3: Jinja: "),
        ("{% for x in y %}\n", "3: Jinja: "),
        ("x: {{ 1 / 0 }}\n", "3: Jinja: division by zero"),
        ("x: {{ ''.__class__.mro() }}\n", "3: Jinja: "),
        ("x: {% include 'other' %}\n", "3: Jinja: "),
    ],
)
def test_what_jinja_and_yaml_refuse_has_its_line(text: str, line: str) -> None:
    (found,) = problems(START + text)
    assert found.startswith(f"{PATH}:{line}")


@pytest.mark.parametrize("text", ["[" * 20_000, "baseline: &a [*a]\n", "vars: &a {a: *a}\ndjango: *a\n"])
def test_text_without_a_bottom(text: str) -> None:
    assert problems(START + text)


def test_every_problem_is_reported_at_once() -> None:
    text = """\
        version: 3
        django:
          image: a
          build: b
          projekt: x
        baseline:
          - restore: a
            sql: b
          - {}
        rehearse:
          timeout: soon
    """
    keys = [line.split(": ")[1] for line in problems(text)]
    assert sorted(keys) == sorted(
        [
            "version",
            "name",
            "django.build",
            "django.projekt",
            "baseline[0].sql",
            "baseline[1]",
            "rehearse.timeout",
        ]
    )


@pytest.mark.parametrize(
    "environment",
    [
        f"{{A: [{SECRET}]}}",
        f"A={SECRET}",
        f"[A={SECRET}, {{B: {SECRET}}}]",
        f"['={SECRET}']",
        f"{{'a b={SECRET}': x}}",
    ],
)
def test_no_value_of_the_environment_is_ever_shown(environment: str) -> None:
    (line,) = problems(f"{START}django:\n  environment: {environment}\n")
    assert line.startswith(f"{PATH}:4: django.environment")
    assert SECRET not in line


def test_a_build_argument_is_not_shown() -> None:
    (line,) = problems(f"{START}django: {{build: {{args: {{TOKEN: [{SECRET}]}}, context: x}}}}\n")
    assert SECRET not in line
