"""No name writes a line of its own, hides one, or sends the terminal a command."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simulator.errors import CannotTell
from simulator.host.progress import Progress
from simulator.host.terminal import Terminal
from simulator.wording import escape, is_seen, json_text, one_line

ANY = st.text()
# Each has a character that terminals obey, or that nobody sees where it stands.
HOSTILE = [
    "a\ncase  SAFE   exit 0\x1b[8m",
    "\x9b2J",
    "safe\r",
    "\u202eelif",
    "\u2066x\u2069",
    "zero\u200bwidth\ufeff",
    "\u2028line",
    "\u3164",
    "a\ufe0fb",
    "\x7f",
    "half\udce9",
    "\U000e0041tag",
    ":smile: [red]x[/]",
]


class _Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed(text: str, *, markup: bool = False) -> str:
    terminal = Terminal(file=io.StringIO())
    terminal.line(text, markup=markup)
    assert isinstance(terminal.file, io.StringIO)
    return terminal.file.getvalue()


def seen(text: str) -> bool:
    return all(is_seen(one) for one in text)


@pytest.mark.parametrize("name", HOSTILE[:-1])
def test_each_of_these_is_shown_as_an_escape(name: str) -> None:
    assert not seen(name)
    assert seen(one_line(name))
    assert "\\" in one_line(name)


@given(name=ANY)
@example(HOSTILE[0])
@example(HOSTILE[-1])
@example("\\[")
@example("\\\\[b]\\\\[")
@example("a\\")
def test_a_line_is_one_line_and_says_no_less(name: str) -> None:
    said = printed(name)
    assert said == one_line(name) + "\n"
    assert printed(f"[bold]{escape(name)}[/]", markup=True) == said
    assert seen(said[:-1])


@given(name=ANY)
@example(HOSTILE[0])
def test_what_nobody_needs_to_hide_is_left_as_it_is(name: str) -> None:
    assert one_line("".join(filter(is_seen, name))) == "".join(filter(is_seen, name))
    assert one_line(one_line(name)) == one_line(name)


@given(name=ANY)
@example(HOSTILE[10])
def test_json_shows_it_and_reads_as_it_was(name: str) -> None:
    text = json_text({name: [name]})
    assert json.loads(text) == {name: [name]}
    assert all(map(seen, text.split("\n")))


@given(name=ANY)
def test_an_error_is_printed_in_its_lines(name: str) -> None:
    error = CannotTell([name, "second"], name)
    assert error.lines == (one_line(name), "second")
    assert error.message.split("\n") == list(error.lines)
    assert CannotTell(name).lines == (one_line(name),)
    assert seen(error.hint)


@pytest.mark.parametrize("name", HOSTILE)
def test_progress_is_one_line_a_stage(name: str) -> None:
    terminal = Terminal(file=io.StringIO())
    progress = Progress(terminal)
    with progress.stage("restore", name):
        progress.say(name)
    assert isinstance(terminal.file, io.StringIO)
    assert terminal.file.getvalue() == f"{one_line(name)}\n" * 2


@pytest.mark.parametrize("name", HOSTILE)
def test_a_live_line_carries_no_command_of_a_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    terminal = Terminal(file=_Tty())
    with Progress(terminal).stage("restore", f"<{name}>"):
        pass
    assert isinstance(terminal.file, io.StringIO)
    assert f"<{one_line(name)}>" in terminal.file.getvalue()


def test_a_document_is_left_to_programs_and_shown_to_people() -> None:
    piped, shown = Terminal(file=io.StringIO()), Terminal(file=_Tty())
    for terminal in (piped, shown):
        terminal.document("a: \u202e\n\tb\x1b[8m\n")
    assert isinstance(piped.file, io.StringIO)
    assert isinstance(shown.file, io.StringIO)
    assert piped.file.getvalue() == "a: \u202e\n\tb\x1b[8m\n"
    assert shown.file.getvalue() == "a: \\u202e\n\tb\\x1b[8m\n"
