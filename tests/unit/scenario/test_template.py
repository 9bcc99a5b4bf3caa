"""A scenario's variables, and which line of the file a rendered line came from."""

from __future__ import annotations

import pytest

from simulator.scenario.template import TemplateProblems, names_used, refuse_own_settings, render, variables_for


def lines(text: str, **variables: object) -> list[tuple[int, str]]:
    rendered = render(text, variables)
    assert rendered.lines is not None
    return list(zip(rendered.lines, rendered.text.split("\n"), strict=True))


def problems(text: str, **variables: object) -> list[tuple[int, str]]:
    with pytest.raises(TemplateProblems) as caught:
        render(text, variables)
    return [(problem.line, problem.text) for problem in caught.value.problems]


def test_set_goes_before_the_environment_and_that_before_the_file() -> None:
    text = "version: 1\nvars:\n  a: file\n  b: file\n  c: file\n"
    environ = {"MIGSIM_A": "env", "MIGSIM_B": "env", "B": "not ours", "MIGSIM_RUNS": "/runs", "MIGSIM_CACHE": "/cache"}
    assert variables_for(text, {"a": "set"}, environ) == {"a": "set", "b": "env", "c": "file"}


def test_values_from_outside_are_read_as_those_of_the_file() -> None:
    text = "vars: {big: true, major: 15, python: 3.10, zero: 010, empty: , list: [1, x]}\n"
    assert variables_for(text, {}, {}) == {
        "big": True,
        "major": 15,
        "python": "3.10",
        "zero": "010",
        "empty": None,
        "list": [1, "x"],
    }
    given = {"big": "false", "major": "16", "python": "3.8", "zero": "007"}
    assert variables_for("", given, {}) == {"big": False, "major": 16, "python": "3.8", "zero": "007"}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nvars: {b: '{{ x }}'}\n", 2, "is literal"),
        ("{% if x %}\nvars: {b: 1}\n{% endif %}\n", 2, "must stand at the top"),
        ("vars: b\n", 1, "must be a mapping"),
        ("a: 1\nvars:\n  b: 1\n  b: 2\n", 4, "is there twice"),
        ("a: 1\nvars:\n  b: [\n", 4, "not YAML"),
    ],
)
def test_a_block_of_variables_that_cannot_be_read(text: str, line: int, words: str) -> None:
    with pytest.raises(TemplateProblems) as caught:
        variables_for(text, {}, {})
    (problem,) = caught.value.problems
    assert problem.line == line
    assert words in problem.text


def test_the_block_ends_where_the_next_key_begins() -> None:
    assert variables_for("vars:\n  a: 1\n\n  # b: 2\n# c\nother: {{ a }}\n  d: 1\n", {}, {}) == {"a": 1}


def test_every_undefined_variable_is_named_with_its_line() -> None:
    found = problems("a: {{ one }}\nb: 2\nc: {{ two.three }}\nd: {{ four | default('x') }}\n")
    assert [line for line, _ in found] == [1, 3]
    assert found[0][1] == '"one" is not defined: give --set one=VALUE, MIGSIM_VAR_ONE or a line under vars:'
    assert found[1][1].startswith('"two" is not defined')


def test_lines_of_a_file_without_blocks_are_its_own() -> None:
    assert lines("a: 1\nb: {{ x }}\n{{ y }}: 2", x="2", y="c") == [(1, "a: 1"), (2, "b: 2"), (3, "c: 2")]


def test_lines_are_followed_through_blocks_and_loops() -> None:
    loop = "a: 1\n{% for x in [1, 2] %}\n  - {{ x }}\n  # end\n{% endfor %}\n"
    text = loop + "{# two\nlines #}\n{% if y %}\nb: 2\n{% endif %}\nc: 3\n"
    assert lines(text, y=False) == [
        (1, "a: 1"),
        (3, "  - 1"),
        (4, "  # end"),
        (3, "  - 2"),
        (4, "  # end"),
        (11, "c: 3"),
        (12, ""),
    ]


def test_a_value_of_several_lines_stays_where_it_was_put() -> None:
    assert lines("a: |\n{{ x }}\nb: 1", x=" 1\n 2") == [(1, "a: |"), (2, " 1"), (2, " 2"), (3, "b: 1")]


def test_a_template_that_compares_what_it_captured_is_rendered_right_without_lines() -> None:
    rendered = render("{% set x %}a{% endset %}{% if x == 'a' %}b: 1{% endif %}", {})
    assert (rendered.text, rendered.lines) == ("b: 1", None)


def test_the_names_that_a_text_asks_for() -> None:
    assert names_used("a: {{ one }}{% if two is defined %}{{ three | default(1) }}{% endif %}") == {
        "one",
        "two",
        "three",
    }


def test_which_of_several_says_what_a_variable_is() -> None:
    text = "vars: {a: own, b: own, c: own, d: own}\n"
    short = {"MIGSIM_A": "short", "MIGSIM_B": "short", "MIGSIM_C": "short", "MIGSIM_RUNS": "/runs"}
    clear = {"MIGSIM_VAR_A": "clear", "MIGSIM_VAR_B": "clear", "OTHER_D": "no"}
    found = variables_for(text, {"a": "set"}, {**short, **clear})
    assert {name: found[name] for name in "abcd"} == {"a": "set", "b": "clear", "c": "short", "d": "own"}
    assert "runs" not in found


@pytest.mark.parametrize("name", ["runs", "cache", "engine", "confine", "history", "baselines_s3", "log", "Notify"])
def test_a_setting_of_migsims_own_is_no_variable(name: str) -> None:
    with pytest.raises(TemplateProblems) as caught:
        refuse_own_settings({name, "dump"})
    (problem,) = caught.value.problems
    assert f'"{name}" is a setting of migsim' in problem.text
