"""Numbers, sizes and lists as people read them."""

from __future__ import annotations

import pytest

from simulator.wording import age, and_more, count, listed, shorten, size, some


@pytest.mark.parametrize(
    ("number", "thing", "said"),
    [(0, "row", "0 rows"), (1, "row", "1 row"), (4212, "row", "4,212 rows"), (2, "index", "2 indexes")],
)
def test_counts(number: int, thing: str, said: str) -> None:
    assert count(number, thing) == said


@pytest.mark.parametrize(
    ("names", "said"),
    [("", ""), ("a", "a"), ("abcde", "a, b, c, d, e"), ("abcdef", "a, b, c, d, e and 1 more")],
)
def test_some_of_a_list(names: str, said: str) -> None:
    assert some(list(names)) == said


def test_more_of_what() -> None:
    assert (and_more("abc", 3), and_more("abcd", 3), and_more("abcdef", 4, "others")) == (
        "",
        " and 1 more",
        " and 2 others",
    )


@pytest.mark.parametrize(
    ("names", "said"),
    [("a", "id a"), ("ab", "ids a and b"), ("abcd", "ids a, b, c and d"), ("abcde", "ids a, b, c and 2 more")],
)
def test_a_list_in_a_sentence(names: str, said: str) -> None:
    assert listed(names, "id", "ids") == said
    assert listed(names) == said.partition(" ")[2]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(59, "0 min"), (7199, "119 min"), (7200, "2 h"), (26 * 3600, "26 h"), (76 * 3600, "3 d 4 h"), (72 * 3600, "3 d")],
)
def test_ages(seconds: float, said: str) -> None:
    assert age(seconds) == said


@pytest.mark.parametrize(("number", "said"), [(0, "1 kB"), (2048, "2 kB"), (1 << 20, "1.0 MB"), (5 << 30, "5120.0 MB")])
def test_sizes(number: int, said: str) -> None:
    assert size(number) == said


def test_one_line_of_a_text() -> None:
    assert (shorten("a\n  b", 10), shorten("abcdef", 4)) == ("a b", "abc…")
