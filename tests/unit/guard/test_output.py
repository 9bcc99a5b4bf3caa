"""What the guard prints holds no surprise, whatever a file is called."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from simulator.guard.checks import IDS, Place, Problem
from simulator.guard.judging import Judged
from simulator.guard.output import to_github, to_json, to_text

ANY = st.text(st.characters(exclude_categories=["Cs"]))


def judged(path: str, message: str) -> Judged:
    return Judged(None, (Problem("two-leaves", ("blog.1",), (Place(path, 3),), message, "type this"),), (), (message,))


@given(path=ANY, message=ANY)
def test_an_annotation_is_one_line_and_names_one_file(path: str, message: str) -> None:
    lines = to_github(judged(path, message))
    assert len(lines) == 2
    properties, _, text = lines[0].removeprefix("::error ").partition("::")
    assert [part.partition("=")[0] for part in properties.split(",")] == ["file", "line", "title"]
    assert "::error" not in text or "::error" in message
    assert all(line.isprintable() for line in lines)


@given(path=ANY, message=ANY)
def test_text_shows_what_is_not_seen(path: str, message: str) -> None:
    lines = to_text(judged(path, message))
    assert all(line.isprintable() for line in lines)
    assert len(lines) == len(to_text(judged("path", "message")))


@given(path=ANY, message=ANY)
def test_json_says_it_as_it_is(path: str, message: str) -> None:
    found = json.loads(to_json(judged(path, message)))
    assert found["problems"][0]["files"] == [{"path": path, "line": 3}]
    assert (found["not_checked"], found["exit_code"], found["base"]) == ([message], 1, None)


def test_the_page_explains_each_problem() -> None:
    from pathlib import Path

    page = (Path(__file__).parents[3] / "docs" / "guard.md").read_text()
    assert [one for one in IDS if f"| `{one}` |" not in page] == []
