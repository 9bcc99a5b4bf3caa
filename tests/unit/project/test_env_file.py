"""``.env`` files by Compose's rules."""

from __future__ import annotations

import pytest

from simulator.project.env_file import EnvFileError, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1\nB = two words \n", {"A": "1", "B": "two words"}),
        ("A: 1\nexport B=2\n", {"A": "1", "B": "2"}),
        ("# comment\n\n  # another\nA=1 # said why\nB=x#y\n", {"A": "1", "B": "x#y"}),
        ("A=\nB=''\nC= # nothing\n", {"A": "", "B": "", "C": ""}),
        ("A='it is $literal # here'\n", {"A": "it is $literal # here"}),
        ("A='it\\'s'\n", {"A": "it's"}),
        ('A="a\\n\\"b\\"" # why\n', {"A": 'a\n"b"'}),
        ('KEY="-----BEGIN\nabc\n-----END"\nB=1\n', {"KEY": "-----BEGIN\nabc\n-----END", "B": "1"}),
        ("A=1\nB=${A}2\nC=$A$B\n", {"A": "1", "B": "12", "C": "112"}),
        ("A=${X:-fallback}\nB=${SET:-no}\nC=${EMPTY:-yes}\nD=${EMPTY-no}\nE=$NOWHERE\n",
         {"A": "fallback", "B": "given", "C": "yes", "D": "", "E": ""}),
        ("A=a\\$b\nB=a$$b\n", {"A": "a$b", "B": "a$b"}),
        ("SET\nNOWHERE\n", {"SET": "given"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("A=last line", {"A": "last line"}),
        ("URL=postgres://u:p@h:5432/db?x=1\n", {"URL": "postgres://u:p@h:5432/db?x=1"}),
    ],
)  # fmt: skip
def test_what_a_file_sets(text: str, expected: dict[str, str]) -> None:
    assert parse(text, {"SET": "given", "EMPTY": ""}) == expected


@pytest.mark.parametrize(
    ("text", "line"),
    [("A=1\n=2\n", 2), ("A='open secret\nB=1\n", 1), ("A=1\n\nB='x' secret\n", 3), ("two words secret\n", 1)],
)
def test_what_cannot_be_read_is_named_by_its_line_without_a_value(text: str, line: int) -> None:
    with pytest.raises(EnvFileError) as caught:
        parse(text, {})
    assert caught.value.line == line
    assert "secret" not in str(caught.value)
