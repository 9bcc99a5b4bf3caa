"""What a template writes is what it was given, or harmless: over any text that hypothesis can think of."""

from __future__ import annotations

import re
import string
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError

from simulator import quoting
from simulator.commands import schedule
from simulator.errors import UsageError
from simulator.host.resources import shipped
from simulator.quoting import HereDocument, Quoted
from simulator.scenario import template as scenario_template
from simulator.wording import one_line

# Every character there is, halves of characters too (bytes of a file's name that are no text), and what breaks out.
HOSTILE = (
    "\n",
    "\r",
    "\0",
    "'",
    '"',
    "\\",
    "`",
    "$",
    "%",
    "#",
    ": ",
    "{{",
    "${{",
    "{%",
    "{#",
    "\x85",
    "\u2028",
    "\u202e",
    "\x1b[",
)
ANY = st.lists(st.one_of(st.characters(), st.characters(categories=["Cs"]), st.sampled_from(HOSTILE))).map("".join)
WHOLE = ANY.map(lambda text: re.sub("[\ud800-\udfff]", "", text))  # what UTF-8 can write
ATTACK = "x\ntouch PWNED #"
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
LANGUAGES: dict[str, Callable[[str], str]] = {
    "sh": quoting.shell,
    "yaml": quoting.yaml,
    "scenario": quoting.scenario,
    "workflow": quoting.workflow,
    "cron": quoting.cron,
    "unit": quoting.unit,
}


def sh(script: str, folder: Path) -> str:
    """What that script prints; it must run and leave nothing in the folder."""
    # Bytes: a text pipe would turn a CR into a line break.
    done = subprocess.run(["sh"], input=script.encode(), cwd=folder, capture_output=True, check=False)
    assert (done.returncode, done.stderr, list(folder.iterdir())) == (0, b"", [])
    return done.stdout.decode()


@given(ANY)
@example(ATTACK)
def test_one_line_is_one_line_of_what_can_be_seen(text: str) -> None:
    shown = one_line(text)
    assert len(f"# {shown}.".splitlines()) == 1
    assert shown.isprintable()
    shown.encode()  # no half of a character


def test_what_can_be_seen_stays_as_it_is() -> None:
    assert one_line("blog.0003_tags, Größe 'ü' 表 \\n") == "blog.0003_tags, Größe 'ü' 表 \\n"


@pytest.mark.parametrize("language", LANGUAGES)
@given(text=ANY)
@example(text=ATTACK)
def test_no_value_ends_its_line_unless_it_was_meant_to(language: str, text: str) -> None:
    written = quoting.environment(LANGUAGES[language]).from_string("{{ text }}").render(text=text)
    assert len(f"{written}.".splitlines()) == 1


@QUICK
@given(text=ANY)
@example(text=ATTACK)
@example(text="'; touch PWNED; '")
def test_what_nobody_thought_of_is_one_word_of_sh_and_in_a_comment_none(text: str, tmp_path: Path) -> None:
    script = quoting.environment(quoting.shell).from_string("# {{ text }}\nprintf %s: {{ text }}\n").render(text=text)
    assert sh(script, tmp_path) == f"{one_line(text)}:"


@QUICK
@given(text=WHOLE.map(lambda text: text.replace("\0", "")))
@example(text=ATTACK)
def test_a_word_of_sh_is_exactly_what_it_was_made_of(text: str, tmp_path: Path) -> None:
    assert sh(f"printf %s {quoting.word(text)}", tmp_path) == text
    assert sh(f"printf '<%s>' {quoting.words((text, 'b'))}", tmp_path) == f"<{text}><b>"


@QUICK
@given(text=WHOLE.map(lambda text: text.replace("\0", "")))
@example(text="SELECT 1;\nSQL\ntouch PWNED")
@example(text="SQL\nSQL_1\r\nSQL_2 ")
@example(text="Sä\nAQL\nAQL_1\n\u20ac")
@example(text="S\x85")
def test_a_here_document_is_given_over_as_it_is(text: str, tmp_path: Path) -> None:
    document = HereDocument(text)
    script = quoting.environment(quoting.shell).from_string("cat <<'{{ d.end }}'\n{{ d.body }}\n{{ d.end }}\n")
    assert sh(script.render(d=document), tmp_path) == f"{text}\n"


@pytest.mark.parametrize("make", [quoting.word, HereDocument])
def test_a_nul_is_refused_where_the_text_has_to_be_exact(make: Callable[[str], object]) -> None:
    with pytest.raises(ValueError, match="NUL"):
        make("S\0QL")


@pytest.mark.parametrize(
    "text", ["yes", "no", "null", "~", "1", "1.5", "0x1f", "2026-01-01", "1:30", "=", "", " a", "a: b", "a #b"]
)
def test_yaml_reads_text_as_text(text: str) -> None:
    assert yaml.safe_load(f"a: {quoting.yaml(text)}") == {"a": text}


@given(text=ANY)
@example(text=ATTACK)
def test_yaml_reads_what_was_written(text: str) -> None:
    written = (
        quoting.environment(quoting.yaml).from_string("a: {{ text }}  # {{ text | comment }}\nb: 1").render(text=text)
    )
    assert yaml.safe_load(written) == {"a": text, "b": 1}


@given(text=ANY)
@example(text="{{ 7 * 7 }}")
@example(text="{% raw %}")
def test_a_scenario_has_the_value_after_jinja_and_yaml(text: str) -> None:
    environment = quoting.environment(quoting.scenario)
    environment.filters["comment"] = quoting.scenario_comment
    source = environment.from_string("a: {{ text }}  # {{ text | comment }}\nb: 1\n").render(text=text)
    assert yaml.safe_load(scenario_template.render(source, {}).text) == {"a": text, "b": 1}


@given(text=ANY)
def test_a_workflow_has_no_expression_but_those_that_stand_for_its_mark(text: str) -> None:
    value = yaml.safe_load(quoting.workflow(f"{text}${{{{ github.token }}}}"))
    assert "${{" not in value.replace("${{ '${{' }}", "")
    assert value.replace("${{ '${{' }}", "${{") == f"{text}${{{{ github.token }}}}"


@given(text=ANY)
def test_cron_sees_no_bare_percent_and_a_unit_no_specifier(text: str) -> None:
    assert re.search(r"(?<!\\)%", quoting.cron(text)) is None
    assert "%" not in quoting.unit(text).replace("%%", "")


def test_text_that_is_quoted_and_numbers_are_written_as_they_are() -> None:
    environment = quoting.environment(quoting.shell)
    assert environment.from_string("{{ a }} {{ b }} {{ c }}").render(a=Quoted("$(a)"), b=7, c="$(c)") == "$(a) 7 '$(c)'"
    with pytest.raises(UndefinedError):
        environment.from_string("{{ nothing }}").render()


def test_every_template_uses_comment_in_comments_only_and_word_outside_of_them() -> None:
    """A comment's text may hold a command; a word's may end the line."""
    for path in shipped("templates").rglob("*.j2"):
        mark = "--" if path.name.endswith(".sql.j2") else "#"
        for line in path.read_text().splitlines():
            before, _, comment = line.partition(mark) if not line.startswith("{#") else ("", "", "")
            assert not re.search(r"\|\s*comment\b", before), f"{path.name}: {line}"
            assert not re.search(r"\|\s*words?\b|\.body\b", comment), f"{path.name}: {line}"


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\u2028b", "ends \\", "blank "])
@pytest.mark.parametrize("kind", ["cron", "systemd", "github"])
def test_a_path_that_cron_and_systemd_can_not_write_is_refused(name: str, kind: schedule.Kind, tmp_path: Path) -> None:
    (tmp_path / name / "scenarios").mkdir(parents=True)
    with pytest.raises(UsageError, match="can't be scheduled"):
        schedule.text(kind, tmp_path / name, Path("/bin/migsim"), None)


def test_a_here_document_with_lines_that_begin_with_every_letter_is_refused() -> None:
    """None is left for its end: dash reads such a line wrongly where it begins as the end does."""
    lines = "\n".join(f"{letter}\N{LATIN SMALL LETTER A WITH DIAERESIS}" for letter in string.ascii_letters)
    with pytest.raises(ValueError, match="every letter"):
        HereDocument(lines)
    assert HereDocument(lines.replace("Z", "Y")).end == "ZQL"
