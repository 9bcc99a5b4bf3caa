"""Scenario files that would take for ever, or all memory: each is refused by itself, and the others are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.errors import UsageError
from simulator.scenario import files as scenarios
from tests.support import files, repository

GOOD = "version: 1\nname: good\ntags: [nightly]\ndjango: {project: ., requirements: r.txt}\n"


def aliases(first: str) -> str:
    """Twelve levels of nine aliases each: a handful of lines that are 9 to the twelfth values."""
    lines = [f"{first}a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{first}a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    return "\n".join(lines) + "\ntags: *a11\n"


TIME = "more than 1 seconds"
MEMORY = "more than 200 MB of memory"
NESTING = "levels of nesting"
HOSTILE = {
    "aliases": (f"vars:\n{aliases('  ')}", TIME),
    "nested ranges": ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", TIME),
    "a product": ('name: {{ "x" * 1000000000 }}', MEMORY),
    "padding": ('name: {{ "%0999999999d" % 1 }}', MEMORY),
    "a filter": ('name: {{ "x"|center(900000000) }}', MEMORY),
    "parentheses": (f"name: {{{{ {'(' * 5000}1{')' * 5000} }}}}", NESTING),
    "blocks": ("{% if true %}" * 3000 + "{% endif %}" * 3000, NESTING),
    "a macro of itself": ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", NESTING),
    "brackets": (f"name: {'[' * 600}{']' * 600}", "is nested too deeply"),
    "comments": ("# nothing\n" * 120_000, "a scenario has at most 1000 kB"),
}


@pytest.fixture(autouse=True)
def _one_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenarios, "MOST_SECONDS", 1)


@pytest.mark.parametrize(("text", "words"), HOSTILE.values(), ids=HOSTILE)
def test_what_has_no_end_is_refused_with_the_files_name_and_the_limit(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb.yaml"
    path.write_text(f"version: 1\n{text}")
    with scenarios.reader() as reading:
        with pytest.raises(UsageError, match=words) as refused:
            reading.read(path, {}, {})
        assert str(path) in refused.value.message
        assert refused.value.hint
        path.write_text(GOOD)
        assert reading.read(path, {}, {}).scenario.name == "good"


def test_one_that_breaks_a_limit_keeps_no_other_from_running(tmp_path: Path) -> None:
    root = repository.new(tmp_path / "shop").root
    bomb = f"version: 1\n# nightly\n{HOSTILE['nested ranges'][0]}"
    files.write(root, {"scenarios/a-bomb.yaml": bomb, "scenarios/good.yaml": GOOD})
    tagged = scenarios.with_tag("nightly", root, {}, {})
    assert [one.scenario.name for one in tagged.scenarios] == ["good"]
    assert [path.name for path, _error in tagged.broken] == ["a-bomb.yaml"]


PIECES = st.sampled_from(
    [
        *(
            "version: 1\n",
            "name: x\n",
            "tags: [a]\n",
            "vars:\n",
            "  a: 1\n",
            "baseline:\n",
            "- restore: x\n",
            "django:\n",
        ),
        *(
            "  project: .\n",
            "{{ a }}",
            "{{ a * 99 }}",
            "{% if a %}",
            "{% endif %}",
            "{% for x in range(9) %}",
            "{% endfor %}",
        ),
        *(
            "&a ",
            "*a",
            "<<: *a\n",
            "[",
            "]",
            "{",
            "}",
            ": ",
            "- ",
            "? ",
            "| \n",
            "!!python/object:os.system ",
            "\t",
            "\x00",
            "\x01",
        ),
        *("\ufeff", "\u2028", "'", '"', "#", "%YAML 9\n", "---\n", "...\n", "{#", "#}", "{%- raw %}"),
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(PIECES | st.text(max_size=5), max_size=25).map("".join))
def test_any_text_is_a_scenario_or_refused_in_words(text: str, tmp_path: Path) -> None:
    path = tmp_path / "any.yaml"
    path.write_text(text, encoding="utf-8", errors="replace")
    outcome = read_or_refused(path)
    assert isinstance(outcome, str) or (outcome.message.startswith(str(path)) and outcome.hint)


def read_or_refused(path: Path) -> str | UsageError:
    """The scenario's name, or why it is none."""
    try:
        return scenarios.read(path, {}, {}).scenario.name
    except UsageError as refused:
        return refused
